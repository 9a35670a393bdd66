//! What may be written in `#[classify(…)]`. Parsing, suggestions and the reference in `classify.md` are made from these tables.

use crate::grammar::{Advice, Word};

const fn word(name: &'static str, example: &'static str, meaning: &'static str) -> Word {
    Word {
        name,
        example,
        meaning,
    }
}

/// The keys, the eight classes first.
pub(super) static KEYS: &[Word] = &[
    word(
        "auth",
        "auth",
        "nobody has proved who is asking; never retried",
    ),
    word(
        "permission",
        "permission",
        "the one who asks is known and may not; never retried",
    ),
    word(
        "permanent",
        "permanent",
        "the same request will fail the same way for ever; never retried",
    ),
    word(
        "concurrency",
        "concurrency",
        "somebody else changed or holds the same thing",
    ),
    word(
        "rate_limit",
        "rate_limit",
        "too many requests in too little time",
    ),
    word(
        "server_error",
        "server_error",
        "the other side failed by its own account",
    ),
    word(
        "transient",
        "transient",
        "a failure on the way that the next attempt may not meet",
    ),
    word(
        "unknown",
        "unknown",
        "nobody can say; at most two attempts unless a rule says otherwise",
    ),
    word(
        "status",
        "status = code",
        "the class is that of the HTTP status in this field",
    ),
    word(
        "transparent",
        "transparent",
        "the class, the hint and the reason are those of the only field",
    ),
    word(
        "with",
        "with = path::to::function",
        "the class is what this function says",
    ),
    word(
        "retry_after",
        "retry_after = wait",
        "how long the other side asked to be left alone, from this field",
    ),
    word(
        "reason",
        "reason = \"quota of the tenant\"",
        "why it is of this class, for people who read events",
    ),
    word(
        "default",
        "default = unknown",
        "the class of the variants that say none",
    ),
    word(
        "crate",
        "crate = ::my_crate::retry_core",
        "where `retry-core` is found",
    ),
];

/// One of the eight classes.
pub(super) struct Class {
    pub(super) name: &'static str,
    /// What it is called in Rust.
    pub(super) variant: &'static str,
    pub(super) is_retryable: bool,
}

const fn class(name: &'static str, variant: &'static str, is_retryable: bool) -> Class {
    Class {
        name,
        variant,
        is_retryable,
    }
}

pub(super) static CLASSES: &[Class] = &[
    class("auth", "Auth", false),
    class("permission", "Permission", false),
    class("permanent", "Permanent", false),
    class("concurrency", "Concurrency", true),
    class("rate_limit", "RateLimit", true),
    class("server_error", "ServerError", true),
    class("transient", "Transient", true),
    class("unknown", "Unknown", true),
];

impl Class {
    /// The class of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        CLASSES.iter().find(|class| class.name == name)
    }
}

/// Words that people have for a class.
pub(super) static NO_CLASSES: Advice = &[
    (
        &[
            "temporary",
            "timeout",
            "timed_out",
            "retry",
            "retryable",
            "network",
            "connection",
            "io",
        ],
        "is no class; write `transient`",
    ),
    (
        &[
            "fatal",
            "never",
            "not_retryable",
            "non_retryable",
            "no_retry",
            "invalid",
            "not_found",
            "bug",
            "client_error",
        ],
        "is no class; write `permanent`",
    ),
    (
        &["conflict", "locked", "deadlock", "busy", "contention"],
        "is no class; write `concurrency`",
    ),
    (
        &["throttle", "throttled", "too_many_requests", "quota"],
        "is no class; write `rate_limit`",
    ),
    (
        &["server", "internal", "unavailable", "overloaded"],
        "is no class; write `server_error`",
    ),
    (
        &[
            "authentication",
            "unauthenticated",
            "unauthorized",
            "credentials",
        ],
        "is no class; write `auth`",
    ),
    (
        &["forbidden", "denied", "authorization"],
        "is no class; write `permission`",
    ),
];

/// Words that people have for a key.
pub(super) static SYNONYMS: Advice = &[
    (
        &["class", "kind"],
        "a class stands alone, as in `transient`",
    ),
    (
        &["source", "from", "inner", "forward", "delegate", "flatten"],
        "write `transparent`",
    ),
    (
        &["code", "http", "http_status", "status_code"],
        "write `status = code`, with the name of the field",
    ),
    (
        &["hint", "after", "wait", "delay", "backoff"],
        "write `retry_after = wait`, with the name of the field",
    ),
    (
        &["classify", "by", "function", "func"],
        "write `with = path::to::function`",
    ),
    (
        &["message", "why", "note", "because", "description"],
        "write `reason = \"quota of the tenant\"`",
    ),
    (&["other", "otherwise", "rest"], "write `default = unknown`"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_has_every_key_as_it_is_here() {
        let reference = include_str!("../../classify.md");
        for Word {
            name,
            example,
            meaning,
        } in KEYS
        {
            let row = format!("| `{example}` | {meaning} |");
            assert!(reference.contains(&row), "{name}: {row}");
        }
    }

    #[test]
    fn every_class_is_a_key() {
        for class in CLASSES {
            assert!(KEYS.iter().any(|word| word.name == class.name));
        }
    }
}
