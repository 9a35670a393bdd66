//! The grammar of the attribute, as tables: what may be written, an example of each, and what it means. Parsing, suggestions and the
//! reference in `retry.md` are made from these.

/// One word that may be written.
pub(crate) struct Word {
    pub(crate) name: &'static str,
    /// How it is written in full.
    pub(crate) example: &'static str,
    /// What it does, for the reference.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(crate) meaning: &'static str,
}

const fn word(name: &'static str, example: &'static str, meaning: &'static str) -> Word {
    Word {
        name,
        example,
        meaning,
    }
}

/// The keys of `#[retry(…)]`.
pub(crate) static KEYS: &[Word] = &[
    word(
        "policy",
        "policy = Policy::AGGRESSIVE",
        "the policy to start from, a constant; the other keys override it",
    ),
    word(
        "attempts",
        "attempts = 5",
        "how often the function runs at most, the first run included; `unlimited` for no limit",
    ),
    word(
        "deadline",
        "deadline = \"30s\"",
        "how long the call may take, waits included; a wait that does not fit is never begun",
    ),
    word(
        "attempt_timeout",
        "attempt_timeout = \"2s\"",
        "when a single attempt is cut; only on async functions",
    ),
    word(
        "backoff",
        "backoff = exponential(\"100ms\", max = \"10s\")",
        "how long to wait before the next attempt",
    ),
    word(
        "jitter",
        "jitter = equal",
        "how much of the wait is left to chance",
    ),
    word(
        "transient",
        "transient(attempts = 5)",
        "a rule of its own for transient failures",
    ),
    word(
        "server_error",
        "server_error(attempts = 3)",
        "a rule of its own for failures of the server",
    ),
    word(
        "rate_limit",
        "rate_limit(attempts = 3, backoff = fixed(\"5s\"))",
        "a rule of its own for rate limits",
    ),
    word(
        "concurrency",
        "concurrency(attempts = 10, backoff = none)",
        "a rule of its own for conflicts with others",
    ),
    word(
        "unknown",
        "unknown = never",
        "a rule of its own for failures that nothing is known about",
    ),
    word(
        "retry_after",
        "retry_after = ignore",
        "whether a server's hint when to come back replaces the backoff's delay",
    ),
    word(
        "retry_after_max",
        "retry_after_max = \"1m\"",
        "the longest hint that is followed in full",
    ),
    word(
        "classify",
        "classify = |error: &MyError| error.class()",
        "what kind of failure an error is, instead of `Classify`",
    ),
    word(
        "retry_if",
        "retry_if = |error: &MyError| error.is_temporary()",
        "which errors are retried",
    ),
    word(
        "retry_until",
        "retry_until = |job: &Job| job.is_done()",
        "which values are accepted; any other is a transient failure",
    ),
    word(
        "classify_value",
        "classify_value = |job: &Job| job.failure()",
        "what kind of failure a value is, `None` if it is none",
    ),
    word(
        "breaker",
        "breaker = PAYMENTS",
        "the circuit breaker that every attempt asks and tells",
    ),
    word(
        "budget",
        "budget = BUDGET",
        "the budget that every retry is taken from",
    ),
    word(
        "bulkhead",
        "bulkhead = DB_POOL",
        "the bulkhead in which every attempt has a place",
    ),
    word("abort", "abort = SHUTDOWN", "a signal that ends the call"),
    word("observe", "observe = OBSERVER", "who is told what happens"),
    word(
        "on_retry",
        "on_retry = |event| eprintln!(\"{event}\")",
        "what is done at each retry, before its wait",
    ),
    word(
        "on_giving_up",
        "on_giving_up = |event| eprintln!(\"{event}\")",
        "what is done once when the call ends without success",
    ),
    word(
        "on_stop",
        "on_stop = MyError::from_stopped",
        "how a stop without an error of its own becomes one",
    ),
    word(
        "fallback",
        "fallback = |error| cached(id)",
        "who answers in place of the error that the call ended with",
    ),
    word(
        "returns",
        "returns = outcome",
        "what the caller gets: the `Outcome` with everything about the call, or the `result`",
    ),
    word(
        "timeline",
        "timeline = 16",
        "how many attempts the outcome records, the latest; only with `returns = outcome`",
    ),
    word(
        "operation",
        "operation = \"fetch_user\"",
        "the stable name in events",
    ),
    word(
        "clone",
        "clone(body)",
        "arguments of which each attempt gets a fresh copy",
    ),
    word(
        "carry",
        "carry(cursor)",
        "`mut` arguments whose changes carry over to the next attempt",
    ),
    word(
        "allow",
        "allow(breaker_without_budget)",
        "lints over the inventory that say nothing of this function",
    ),
    word(
        "crate",
        "crate = ::my_crate::retry_core",
        "where `retry-core` is found",
    ),
];

/// What `#[retry_methods(…)]` has besides.
pub(crate) static BLOCK: &[Word] = &[
    word(
        "methods",
        "methods(read(attempts = 3), write(skip))",
        "what single methods have instead of the defaults, as if it were written on them",
    ),
    word(
        "default",
        "default = skip",
        "retries only the methods that are named",
    ),
];

/// What a method of such a block has besides.
pub(crate) static METHOD: &[Word] = &[word("skip", "skip", "leaves the method alone")];

/// Words and what is said to whoever writes one of them.
pub(crate) type Advice = &'static [(&'static [&'static str], &'static str)];

/// Keys that would have no effect, and why.
pub(crate) static REFUSED: Advice = &[(
    &["auth", "permission", "permanent"],
    "errors are never retried, so that a rule for them has no effect; remove it",
)];

/// Keys that only exist together with `#[retry_methods]`.
pub(crate) static REFUSED_ALONE: Advice = &[
    (
        &["skip"],
        "is for methods of an `impl` block under `#[retry_methods]`; remove the attribute, as nothing retries this function without it",
    ),
    (
        &["methods", "default"],
        "belongs in `#[retry_methods(…)]` on an `impl` block; move it there",
    ),
];

/// Keys that `#[retry_methods(…)]` does not have for the whole block.
pub(crate) static REFUSED_OF_BLOCK: Advice = &[(
    &["skip"],
    "leaves a single method alone; write `default = skip` to retry only what is named",
)];

/// Keys that a single method of a block does not have.
pub(crate) static REFUSED_OF_METHOD: Advice = &[
    (
        &["methods"],
        "cannot be nested; name the method next to the others, in the block's own `methods(…)`",
    ),
    (
        &["default"],
        "is for the whole block; write it in `#[retry_methods(…)]`, or `skip` to leave this method alone",
    ),
];

/// Words that other libraries have for the same thing, and words that are close to meaning something.
pub(crate) static SYNONYMS: Advice = &[
    (
        &["max_attempts", "max_tries", "tries", "times", "count"],
        "write `attempts = 5`, which counts the first run too",
    ),
    (
        &["max_retries", "retries", "retry"],
        "write `attempts`, which counts the first run too, so that 3 retries are `attempts = 4`",
    ),
    (
        &["timeout", "time_limit"],
        "write `attempt_timeout = \"2s\"` for each attempt, `deadline = \"30s\"` for the whole call",
    ),
    (
        &[
            "total_timeout",
            "max_elapsed",
            "max_elapsed_time",
            "max_duration",
            "max_time",
        ],
        "write `deadline = \"30s\"`",
    ),
    (
        &["delay", "wait", "sleep", "interval", "fixed"],
        "write `backoff = fixed(\"1s\")`",
    ),
    (
        &[
            "strategy",
            "initial",
            "initial_delay",
            "base",
            "base_delay",
            "min_delay",
            "exponential",
        ],
        "write `backoff = exponential(\"100ms\")`",
    ),
    (
        &["max_delay", "max"],
        "write `backoff = exponential(\"100ms\", max = \"10s\")`",
    ),
    (
        &["min"],
        "write `backoff = exponential(\"100ms\", min = \"50ms\")`",
    ),
    (
        &["factor", "multiplier"],
        "write `backoff = exponential(\"100ms\", factor = 2.0)`",
    ),
    (&["linear"], "write `backoff = linear(\"1s\")`"),
    (&["fibonacci"], "write `backoff = fibonacci(\"1s\")`"),
    (
        &[
            "when",
            "condition",
            "predicate",
            "retryable",
            "retry_on",
            "filter",
        ],
        "write `retry_if = |error: &MyError| error.is_temporary()`",
    ),
    (
        &["until"],
        "write `retry_until = |job: &Job| job.is_done()`",
    ),
    (
        &["observer", "listener", "on_event"],
        "write `observe = OBSERVER`, which is told of everything",
    ),
    (
        &[
            "notify",
            "before_retry",
            "before_sleep",
            "on_failed_attempt",
        ],
        "write `on_retry = |event| …`, which is told of every retry",
    ),
    (
        &["on_giveup", "on_failure", "on_exhausted"],
        "write `on_giving_up = |event| …`, which is told once when the call ends without success",
    ),
    (&["cancel", "cancellation"], "write `abort = SHUTDOWN`"),
    (&["name"], "write `operation = \"fetch_user\"`"),
    (
        &["circuit_breaker", "circuit"],
        "write `breaker = PAYMENTS`, a static `CircuitBreaker`",
    ),
    (
        &["semaphore", "max_concurrent", "concurrency_limit"],
        "write `bulkhead = DB_POOL`, a static `Bulkhead`",
    ),
    (
        &["retry_budget"],
        "write `budget = BUDGET`, a static `Budget`",
    ),
];

/// The advice for a word.
pub(crate) fn advice(table: Advice, word: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(words, _)| words.contains(&word))
        .map(|(_, advice)| *advice)
}

/// The keys of a class rule.
pub(crate) static RULE: &[Word] = &[
    word(
        "attempts",
        "attempts = 3",
        "how many attempts may end in this class; 1 is never retried",
    ),
    word(
        "backoff",
        "backoff = fixed(\"5s\")",
        "how long to wait after a failure of this class",
    ),
];

/// The lints over the inventory.
pub(crate) static LINTS: &[Word] = &[
    lint(
        "unlimited_without_deadline",
        "nothing ends a call that keeps failing",
    ),
    lint("long_worst_case", "a call can take longer than it should"),
    lint(
        "timeout_without_conversion",
        "an attempt that is cut leaves no error behind",
    ),
    lint(
        "timeout_without_effect",
        "nothing cuts an attempt of a blocking function",
    ),
    lint(
        "shared_without_jitter",
        "callers that failed together come back together",
    ),
    lint(
        "conflicting_policies",
        "one operation is retried in more than one way",
    ),
    lint(
        "breaker_without_budget",
        "retries add to the load until the circuit opens",
    ),
];

const fn lint(name: &'static str, meaning: &'static str) -> Word {
    word(name, name, meaning)
}

/// What a backoff is given first, without a name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    Nothing,
    Delay,
    Delays,
    Function,
}

/// One kind of backoff.
pub(crate) struct Kind {
    pub(crate) word: Word,
    pub(crate) first: First,
    /// The named values it has a use for.
    pub(crate) modifiers: &'static [&'static str],
}

const fn kind(word: Word, first: First, modifiers: &'static [&'static str]) -> Kind {
    Kind {
        word,
        first,
        modifiers,
    }
}

/// The kinds of backoff.
pub(crate) static BACKOFFS: &[Kind] = &[
    kind(word("none", "none", "retry at once"), First::Nothing, &[]),
    kind(
        word("fixed", "fixed(\"1s\")", "always the same"),
        First::Delay,
        &["max", "min", "jitter"],
    ),
    kind(
        word(
            "linear",
            "linear(\"1s\")",
            "as long again each time: 1s, 2s, 3s, …",
        ),
        First::Delay,
        &["max", "min", "jitter"],
    ),
    kind(
        word(
            "exponential",
            "exponential(\"100ms\", max = \"10s\", factor = 2.0)",
            "a multiple each time: 100ms, 200ms, 400ms, …",
        ),
        First::Delay,
        &["max", "min", "factor", "jitter"],
    ),
    kind(
        word("fibonacci", "fibonacci(\"1s\")", "1s, 1s, 2s, 3s, 5s, …"),
        First::Delay,
        &["max", "min", "jitter"],
    ),
    kind(
        word(
            "decorrelated",
            "decorrelated(\"100ms\", max = \"10s\")",
            "by chance between the first delay and three times the previous one",
        ),
        First::Delay,
        &["max", "min"],
    ),
    kind(
        word(
            "token",
            "token(\"100ms\")",
            "half as long again each time, with equal jitter",
        ),
        First::Delay,
        &["max", "min", "factor", "jitter"],
    ),
    kind(
        word(
            "schedule",
            "schedule(\"1s\", \"5s\")",
            "these delays, the last one repeated",
        ),
        First::Delays,
        &["max", "min", "jitter"],
    ),
    kind(
        word(
            "custom",
            "custom(my_backoff)",
            "what a function of the `BackoffContext` says",
        ),
        First::Function,
        &["max", "min", "jitter"],
    ),
];

/// The named values of a backoff.
pub(crate) static MODIFIERS: &[Word] = &[
    word(
        "max",
        "max = \"10s\"",
        "no delay is longer, jitter included",
    ),
    word(
        "min",
        "min = \"50ms\"",
        "no delay is shorter, jitter included",
    ),
    word(
        "factor",
        "factor = 2.0",
        "what an exponential backoff is multiplied by each time",
    ),
    word(
        "jitter",
        "jitter = equal",
        "how much of the delay is left to chance",
    ),
];

/// Words that may stand for a modifier of a backoff.
pub(crate) static MODIFIER_SYNONYMS: Advice = &[
    (
        &["base", "initial", "delay", "step", "unit", "first"],
        "the first delay has no name, as in `exponential(\"100ms\")`",
    ),
    (
        &["cap", "max_delay", "maximum", "limit"],
        "write `max = \"10s\"`",
    ),
    (&["min_delay", "minimum"], "write `min = \"50ms\"`"),
    (
        &["multiplier", "exponent", "growth"],
        "write `factor = 2.0`",
    ),
];

/// The jitters that have a name.
pub(crate) static JITTERS: &[Word] = &[
    word("none", "none", "the delay as it is"),
    word("full", "full", "anything from nothing to the delay"),
    word(
        "equal",
        "equal",
        "anything from half the delay to the delay",
    ),
];

/// The names of a table, in its order.
pub(crate) fn names(table: &'static [Word]) -> Vec<&'static str> {
    table.iter().map(|word| word.name).collect()
}

/// The example that belongs to a name.
pub(crate) fn example(table: &'static [Word], name: &str) -> &'static str {
    table
        .iter()
        .find(|word| word.name == name)
        .map_or("", |word| word.example)
}
