//! The "Retries" section of the function's documentation: what the keys say, in words.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use crate::model::{
    Backoff, Config, Count, Jitter, Keyed, KnownBackoff, OwnRule, RetryAfter, Rule, Time,
};

/// `#[doc = …]` attributes that follow the user's own.
pub(super) fn section(config: &Config) -> TokenStream {
    let text = format!("\n# Retries\n\n{}", sentences(config).join(" "));
    text.lines()
        .map(|line| quote_spanned!(Span::mixed_site()=> #[doc = #line]))
        .collect()
}

const UNKNOWN: &str = "Failures of unknown kind";

/// Whether the call waits once at most.
fn is_one_wait(config: &Config) -> bool {
    let attempts = config.attempts.as_ref();
    attempts.is_some_and(|attempts| attempts.value.literal() == Some(2))
}

fn sentences(config: &Config) -> Vec<String> {
    let mut sentences = vec![first(config)];
    for Keyed { key, value } in &config.rules {
        let class = match key.to_string().as_str() {
            "transient" => "Transient failures",
            "server_error" => "Failures of the server",
            "rate_limit" => "Rate limits",
            "concurrency" => "Conflicts",
            _ => UNKNOWN,
        };
        sentences.push(match value {
            Rule::Never(_) => format!("{class} are not retried."),
            Rule::Own(own) => {
                let OwnRule { attempts, backoff } = &**own;
                let mut parts = Vec::new();
                let cap = attempts.as_ref().map(|cap| &cap.value);
                if cap.is_none() && class == UNKNOWN && config.policy.is_none() {
                    // The rule keeps the usual cap.
                    parts.push("retried once".to_owned());
                }
                if let Some(cap) = cap {
                    parts.push(match cap.literal() {
                        Some(1) => "not retried".to_owned(),
                        Some(2) => "retried once".to_owned(),
                        Some(n) => format!("retried up to {} times", n - 1),
                        None => format!("retried until `{}` attempts have ended so", code(cap)),
                    });
                }
                if let Some(backoff) = backoff {
                    let once = parts.first().is_some_and(|first| first == "retried once");
                    let wait = waits(&backoff.value, None, once || is_one_wait(config));
                    parts.push(if parts.is_empty() {
                        format!("retried {wait}")
                    } else {
                        wait
                    });
                }
                format!("{class} are {}.", parts.join(", "))
            }
        });
    }
    if config.retry_until.is_some() || config.classify_value.is_some() {
        sentences.push("A value that is not accepted counts as a failure.".to_owned());
    }
    match config.retry_after.as_ref().map(|keyed| &keyed.value) {
        Some(RetryAfter::Ignore(_)) => {
            sentences.push("A server's hint when to come back is ignored.".to_owned());
        }
        Some(RetryAfter::Honor(_)) if config.retry_after_max.is_none() => {
            sentences.push("A server's hint when to come back is followed.".to_owned());
        }
        _ => {}
    }
    if let Some(max) = &config.retry_after_max {
        sentences.push(format!(
            "A server's hint when to come back is followed, up to {}.",
            time(&max.value)
        ));
    }
    if config.fallback.is_some() {
        sentences
            .push("If the call ends with an error, a fallback answers in its place.".to_owned());
    }
    if config.returns_outcome().is_some() {
        sentences.push("Returns the outcome of the call.".to_owned());
    }
    sentences
}

/// How often, how long, and which delays.
fn first(config: &Config) -> String {
    let mut parts: Vec<String> = Vec::new();
    let count = match config.attempts.as_ref().map(|keyed| &keyed.value) {
        Some(Count::Unlimited(_)) => Some("as many attempts as it takes".to_owned()),
        Some(Count::Literal { value: 1, .. }) => Some("one attempt".to_owned()),
        Some(Count::Literal { value, .. }) => Some(format!("up to {value} attempts")),
        Some(count @ Count::Expression(_)) => Some(format!("up to `{}` attempts", code(count))),
        None if config.policy.is_none() => Some("up to 3 attempts".to_owned()),
        None => None,
    };
    let deadline = config.deadline.as_ref().map(|keyed| time(&keyed.value));
    match (count, deadline) {
        (Some(count), Some(deadline)) => parts.push(format!("{count} within {deadline}")),
        (Some(count), None) => parts.push(count),
        (None, Some(deadline)) => parts.push(format!("all attempts within {deadline}")),
        (None, None) => {}
    }
    if let Some(timeout) = &config.attempt_timeout {
        let which = if is_single(config) {
            ""
        } else {
            "each attempt "
        };
        parts.push(format!("{which}cut after {}", time(&timeout.value)));
    }
    let jitter = config.jitter.as_ref().map(|keyed| &keyed.value);
    match &config.backoff {
        _ if is_single(config) => {}
        Some(backoff) => parts.push(waits(&backoff.value, jitter, is_one_wait(config))),
        None if config.policy.is_none() => parts.push(format!(
            "waiting 100ms{}, {}",
            if is_one_wait(config) {
                ""
            } else {
                ", then twice as long each time, up to 30s"
            },
            chance(jitter).unwrap_or_else(|| FULL.to_owned())
        )),
        None => parts.extend(jitter.and_then(|jitter| chance(Some(jitter)))),
    }
    let text = parts.join(", ");
    match &config.policy {
        None => format!("{}.", capitalised(&text)),
        Some(policy) if text.is_empty() => format!("As `{}` says.", code(&policy.value)),
        Some(policy) => format!("As `{}` says, but {text}.", code(&policy.value)),
    }
}

fn is_single(config: &Config) -> bool {
    let attempts = config.attempts.as_ref();
    attempts.is_some_and(|attempts| attempts.value.literal() == Some(1))
}

/// `waiting 100ms, then twice as long each time, up to 10s, with full jitter`; `once`: the wait that there is.
fn waits(backoff: &Backoff, outer: Option<&Jitter>, once: bool) -> String {
    let known = match backoff {
        Backoff::Known(known) => known,
        Backoff::Expression(expression) => {
            let mut text = format!("waiting as `{}` says", code(expression));
            if let Some(chance) = chance(outer) {
                text.push_str(", ");
                text.push_str(&chance);
            }
            return text;
        }
    };
    let jitter = known.jitter.as_ref().map(|keyed| &keyed.value).or(outer);
    let delays: Vec<String> = known.delays.iter().map(time).collect();
    let delay = delays.first().cloned().unwrap_or_default();
    let (mut text, grows, usual) = match known.kind.word.name {
        "none" => return "without waiting".to_owned(),
        "decorrelated" if once => (format!("waiting {delay} to three times that"), true, None),
        "decorrelated" => (
            format!(
                "waiting {delay} to three times that, then up to three times as long as before"
            ),
            true,
            None,
        ),
        "custom" => {
            let function = known.function.as_ref().map(code).unwrap_or_default();
            (format!("waiting as `{function}` says"), false, None)
        }
        "fixed" | "schedule" if once => (format!("waiting {delay}"), false, None),
        "schedule" => (in_turn(&delays), false, None),
        "fixed" => (format!("waiting {delay} each time"), false, None),
        name => {
            let usual = if name == "token" { EQUAL } else { FULL };
            let growth = growth(known, &delay);
            let text = match (&growth, once) {
                (_, true) => format!("waiting {delay}"),
                (None, false) => format!("waiting {delay} each time"),
                (Some(growth), false) => format!("waiting {delay}{growth}"),
            };
            (text, growth.is_some() && !once, Some(usual))
        }
    };
    if let Some(min) = &known.min {
        text.extend([", at least ", &time(&min.value)]);
    }
    match &known.max {
        Some(max) => text.extend([", up to ", &time(&max.value)]),
        None if grows && short(known) => text.push_str(", up to 30s"),
        None => {}
    }
    if let Some(chance) = chance(jitter).or_else(|| usual.map(str::to_owned)) {
        text.push_str(", ");
        text.push_str(&chance);
    }
    text
}

const FULL: &str = "with full jitter";
const EQUAL: &str = "with equal jitter";

/// Whether the default `max` of 30 s is known to hold.
fn short(known: &KnownBackoff) -> bool {
    let limit = std::time::Duration::from_secs(30);
    known
        .delays
        .iter()
        .chain(known.min.as_ref().map(|min| &min.value))
        .all(|time| time.literal().is_some_and(|time| time <= limit))
}

/// How a growing backoff goes on, if it grows.
fn growth(known: &KnownBackoff, delay: &str) -> Option<String> {
    let name = known.kind.word.name;
    if name == "linear" {
        return Some(format!(", then {delay} more each time"));
    }
    if name == "fibonacci" {
        return Some(" twice, then as long as the last two waits together".to_owned());
    }
    let written = known.factor.as_ref().map(|factor| &factor.value);
    let usual = if name == "token" { 1.5 } else { 2.0 };
    let times = match written.map_or(Some(usual), |factor| factor.value) {
        Some(1.0) => return None,
        Some(2.0) => "twice".to_owned(),
        Some(factor) => format!("{factor} times"),
        None => format!("`{}` times", written.map(|factor| code(&factor.written))?),
    };
    Some(format!(", then {times} as long each time"))
}

/// `waiting 1s, 5s, then 30s each time`
fn in_turn(delays: &[String]) -> String {
    match delays {
        [] => "waiting".to_owned(),
        [only] => format!("waiting {only} each time"),
        [first @ .., last] => format!("waiting {}, then {last} each time", first.join(", ")),
    }
}

fn chance(jitter: Option<&Jitter>) -> Option<String> {
    Some(match jitter? {
        Jitter::Named(word) if word == "none" => "without jitter".to_owned(),
        Jitter::Named(word) => format!("with {word} jitter"),
        Jitter::Spread(number) => match number.value {
            Some(0.0) => "without jitter".to_owned(),
            Some(value) => format!("give or take {} %", (value * 1000.0).round() / 10.0),
            None => format!("with a jitter of `{}`", code(&number.written)),
        },
        Jitter::Expression(expression) => format!("with a jitter of `{}`", code(expression)),
    })
}

fn time(time: &Time) -> String {
    match time {
        Time::Literal { written, .. } => written.value().trim().to_owned(),
        Time::Expression(expression) => format!("`{}`", code(expression)),
    }
}

/// The user's tokens as they would be written.
pub(super) fn code(tokens: &impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (spaced, tight) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" ::", "::"),
        (" . ", "."),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        ("& ", "&"),
        (" ,", ","),
    ] {
        text = text.replace(spaced, tight);
    }
    text.replace('`', "'").replace('\n', " ")
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::sentences;
    use crate::errors::Errors;
    use crate::parse;

    fn prose(keys: &str) -> String {
        let mut errors = Errors::default();
        let config = parse::attribute(keys.parse().expect("the keys are tokens"), &mut errors);
        assert!(errors.is_empty(), "{keys}");
        sentences(&config).join(" ")
    }

    #[test]
    fn the_policy_reads_as_prose() {
        let cases = [
            (
                "",
                "Up to 3 attempts, waiting 100ms, then twice as long each time, up to 30s, with full jitter.",
            ),
            ("attempts = 1", "One attempt."),
            (
                "attempts = 1, attempt_timeout = \"2s\"",
                "One attempt, cut after 2s.",
            ),
            (
                "attempts = 2",
                "Up to 2 attempts, waiting 100ms, with full jitter.",
            ),
            (
                "attempts = 5, deadline = \"30s\", backoff = exponential(\"100ms\", max = \"10s\")",
                "Up to 5 attempts within 30s, waiting 100ms, then twice as long each time, up to 10s, with full jitter.",
            ),
            (
                "attempts = unlimited, deadline = \"1m\", backoff = fixed(\"1s\")",
                "As many attempts as it takes within 1m, waiting 1s each time.",
            ),
            (
                "attempts = LIMIT, attempt_timeout = SLOW",
                "Up to `LIMIT` attempts, each attempt cut after `SLOW`, waiting 100ms, then twice as long each time, up to 30s, with full jitter.",
            ),
            ("backoff = none", "Up to 3 attempts, without waiting."),
            (
                "backoff = linear(\"1s\", jitter = none)",
                "Up to 3 attempts, waiting 1s, then 1s more each time, up to 30s, without jitter.",
            ),
            (
                "backoff = linear(\"1m\")",
                "Up to 3 attempts, waiting 1m, then 1m more each time, with full jitter.",
            ),
            (
                "backoff = fibonacci(\"1s\")",
                "Up to 3 attempts, waiting 1s twice, then as long as the last two waits together, up to 30s, with full jitter.",
            ),
            (
                "backoff = decorrelated(\"1s\", max = \"9s\")",
                "Up to 3 attempts, waiting 1s to three times that, then up to three times as long as before, up to 9s.",
            ),
            (
                "backoff = token(\"1s\")",
                "Up to 3 attempts, waiting 1s, then 1.5 times as long each time, up to 30s, with equal jitter.",
            ),
            (
                "backoff = schedule(\"1s\", \"5s\")",
                "Up to 3 attempts, waiting 1s, then 5s each time.",
            ),
            (
                "backoff = schedule(\"1s\")",
                "Up to 3 attempts, waiting 1s each time.",
            ),
            (
                "backoff = custom(mine)",
                "Up to 3 attempts, waiting as `mine` says.",
            ),
            (
                "backoff = Backoff::fixed(SECOND), jitter = 0.25",
                "Up to 3 attempts, waiting as `Backoff::fixed(SECOND)` says, give or take 25 %.",
            ),
            (
                "backoff = exponential(\"1s\", factor = 3, min = \"500ms\"), jitter = equal",
                "Up to 3 attempts, waiting 1s, then 3 times as long each time, at least 500ms, up to 30s, with equal jitter.",
            ),
            (
                "policy = Policy::AGGRESSIVE",
                "As `Policy::AGGRESSIVE` says.",
            ),
            (
                "policy = P, attempts = 9, jitter = full",
                "As `P` says, but up to 9 attempts, with full jitter.",
            ),
            (
                "policy = P, deadline = \"9s\"",
                "As `P` says, but all attempts within 9s.",
            ),
        ];
        for (keys, expected) in cases {
            assert_eq!(prose(keys), expected, "{keys}");
        }
    }

    /// Each backoff of the grammar, with how it goes on and with the wait that there is if there is one.
    const BACKOFFS: [(&str, &str, &str, &str); 11] = [
        ("fixed(\"1s\")", "waiting 1s each time", "waiting 1s", ""),
        (
            "linear(\"1s\")",
            "waiting 1s, then 1s more each time, up to 30s",
            "waiting 1s",
            "with full jitter",
        ),
        (
            "exponential(\"100ms\", max = \"10s\")",
            "waiting 100ms, then twice as long each time, up to 10s",
            "waiting 100ms, up to 10s",
            "with full jitter",
        ),
        (
            "exponential(\"1s\", factor = 1)",
            "waiting 1s each time",
            "waiting 1s",
            "with full jitter",
        ),
        (
            "exponential(\"1s\", factor = GROWTH)",
            "waiting 1s, then `GROWTH` times as long each time, up to 30s",
            "waiting 1s",
            "with full jitter",
        ),
        (
            "fibonacci(\"1s\")",
            "waiting 1s twice, then as long as the last two waits together, up to 30s",
            "waiting 1s",
            "with full jitter",
        ),
        (
            "token(\"1s\")",
            "waiting 1s, then 1.5 times as long each time, up to 30s",
            "waiting 1s",
            "with equal jitter",
        ),
        ("schedule(\"1s\")", "waiting 1s each time", "waiting 1s", ""),
        (
            "schedule(\"1s\", \"5s\", \"9s\")",
            "waiting 1s, 5s, then 9s each time",
            "waiting 1s",
            "",
        ),
        (
            "custom(mine)",
            "waiting as `mine` says",
            "waiting as `mine` says",
            "",
        ),
        (
            "STEADY",
            "waiting as `STEADY` says",
            "waiting as `STEADY` says",
            "",
        ),
    ];

    const JITTERS: [(&str, &str); 8] = [
        ("none", "without jitter"),
        ("full", "with full jitter"),
        ("equal", "with equal jitter"),
        ("0", "without jitter"),
        ("0.125", "give or take 12.5 %"),
        ("1", "give or take 100 %"),
        ("Jitter::Full", "with a jitter of `Jitter::Full`"),
        ("MINE", "with a jitter of `MINE`"),
    ];

    #[test]
    fn every_backoff_reads_well_with_every_jitter() {
        for (backoff, often, once, usual) in BACKOFFS {
            for (attempts, waits) in [(3, often), (2, once)] {
                let end = |chance: &str| match chance {
                    "" => format!("Up to {attempts} attempts, {waits}."),
                    chance => format!("Up to {attempts} attempts, {waits}, {chance}."),
                };
                let keys = format!("attempts = {attempts}, backoff = {backoff}");
                assert_eq!(prose(&keys), end(usual), "{keys}");
                for (jitter, chance) in JITTERS {
                    let keys = format!("{keys}, jitter = {jitter}");
                    assert_eq!(prose(&keys), end(chance), "{keys}");
                }
            }
        }
    }

    #[test]
    fn no_backoff_of_the_grammar_is_forgotten() {
        for kind in crate::grammar::BACKOFFS {
            let name = kind.word.name;
            let written = |backoff: &str| backoff.split('(').next() == Some(name);
            let random = ["none", "decorrelated"].contains(&name);
            assert!(
                random || BACKOFFS.iter().any(|(backoff, ..)| written(backoff)),
                "{name}"
            );
        }
        assert_eq!(
            prose("attempts = 2, backoff = decorrelated(\"1s\")"),
            "Up to 2 attempts, waiting 1s to three times that, up to 30s."
        );
    }

    #[test]
    fn a_class_that_is_retried_once_waits_once() {
        let rule = |keys: &str| {
            let prose = prose(keys);
            let (_, rule) = prose.split_once(". ").expect("there is a rule");
            rule.to_owned()
        };
        assert_eq!(
            rule("rate_limit(attempts = 2, backoff = fixed(\"5s\"))"),
            "Rate limits are retried once, waiting 5s."
        );
        assert_eq!(
            rule("attempts = 2, rate_limit(backoff = linear(\"5s\"))"),
            "Rate limits are retried waiting 5s, with full jitter."
        );
        // The usual cap stays.
        assert_eq!(
            rule("unknown(backoff = fixed(\"5s\"))"),
            "Failures of unknown kind are retried once, waiting 5s."
        );
        assert_eq!(
            rule("unknown(attempts = 3, backoff = fixed(\"5s\"))"),
            "Failures of unknown kind are retried up to 2 times, waiting 5s each time."
        );
        assert_eq!(
            rule("policy = P, unknown(backoff = fixed(\"5s\"))"),
            "Failures of unknown kind are retried waiting 5s each time."
        );
    }

    #[test]
    fn rules_and_hints_have_sentences_of_their_own() {
        let rules = "policy = P, transient(attempts = 3, backoff = none), server_error = never, rate_limit(backoff = fixed(\"5s\")), concurrency(attempts = 1), unknown(attempts = 2), retry_after_max = \"1m\", retry_until = done";
        assert_eq!(
            prose(rules),
            "As `P` says. Transient failures are retried up to 2 times, without waiting. Failures of the server are not retried. \
             Rate limits are retried waiting 5s each time. Conflicts are not retried. Failures of unknown kind are retried once. \
             A value that is not accepted counts as a failure. A server's hint when to come back is followed, up to 1m."
        );
        assert!(
            prose("retry_after = ignore")
                .ends_with("A server's hint when to come back is ignored.")
        );
        assert!(
            prose("fallback = cached")
                .ends_with("If the call ends with an error, a fallback answers in its place.")
        );
        assert!(prose("returns = outcome").ends_with("Returns the outcome of the call."));
        assert!(
            prose("retry_after = honor")
                .ends_with("A server's hint when to come back is followed.")
        );
    }
}
