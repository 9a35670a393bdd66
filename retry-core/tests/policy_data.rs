//! Policies in configuration files: the format, and that nothing wrong gets through.
#![cfg(feature = "serde")]

use std::time::Duration;

use proptest::prelude::*;
use retry_core::{Backoff, ClassRule, ErrorClass, Jitter, Policy, RetryAfter};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn from_toml(text: &str) -> Policy {
    toml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The message, without the place in the file that TOML adds.
fn refusal(text: &str) -> String {
    match toml::from_str::<Policy>(text) {
        Ok(policy) => panic!("{text} was read as {policy:?}"),
        Err(error) => error.message().to_owned(),
    }
}

fn everything() -> Policy {
    Policy::new()
        .attempts(7)
        .deadline(secs(90))
        .attempt_timeout(Duration::from_millis(2_500))
        .backoff(
            Backoff::exponential(Duration::from_millis(100))
                .factor(1.5)
                .min(Duration::from_millis(10))
                .max(secs(10))
                .jitter(Jitter::Spread(0.3)),
        )
        .class(
            ErrorClass::RateLimit,
            ClassRule::new()
                .attempts(3)
                .backoff(Backoff::fixed(secs(5))),
        )
        .class(
            ErrorClass::Concurrency,
            ClassRule::new().backoff(Backoff::schedule(const { &[secs(1), secs(2)] })),
        )
        .class(ErrorClass::Transient, ClassRule::new().attempts(2))
        .class(ErrorClass::Unknown, ClassRule::never())
        .retry_after(RetryAfter::Ignore)
        .retry_after_max(secs(30))
}

mod reading {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default_policy() {
        assert_eq!(from_toml(""), Policy::new());
        assert_eq!(serde_json::from_str::<Policy>("{}").unwrap(), Policy::new());
    }

    #[test]
    fn every_field_is_read() {
        let policy = from_toml(
            r#"
            attempts = 7
            deadline = "1m 30s"
            attempt_timeout = "2s 500ms"
            retry_after = "ignore"
            retry_after_max = "30s"
            backoff = { kind = "exponential", base = "100ms", factor = 1.5, min = "10ms", max = "10s", jitter = { spread = 0.3 } }

            [classes]
            rate_limit = { attempts = 3, backoff = { kind = "fixed", delay = "5s" } }
            concurrency.backoff = { kind = "schedule", delays = ["1s", "2s"] }
            transient.attempts = 2
            unknown = "never"
            "#,
        );
        assert_eq!(policy, everything());
    }

    #[test]
    fn attempts_may_be_unlimited() {
        let policy = from_toml("attempts = \"unlimited\"");
        assert_eq!(policy, Policy::new().unlimited());
    }

    #[test]
    fn the_default_backoff_can_be_taken_away() {
        assert_eq!(from_toml("no_backoff = true"), Policy::new().no_backoff());
        assert_eq!(from_toml("no_backoff = false"), Policy::new());
    }

    #[test]
    fn hints_are_honoured_unless_told_otherwise() {
        assert_eq!(from_toml("retry_after = \"honor\""), Policy::new());
    }

    #[test]
    fn every_kind_of_backoff_is_read() {
        let base = secs(2);
        for (text, backoff) in [
            (r#"{ kind = "none" }"#, Backoff::none()),
            (r#"{ kind = "fixed", delay = "2s" }"#, Backoff::fixed(base)),
            (r#"{ kind = "linear", step = "2s" }"#, Backoff::linear(base)),
            (
                r#"{ kind = "exponential", base = "2s", factor = 3 }"#,
                Backoff::exponential(base).factor(3.0),
            ),
            (
                r#"{ kind = "fibonacci", unit = "2s" }"#,
                Backoff::fibonacci(base),
            ),
            (
                r#"{ kind = "decorrelated", base = "2s" }"#,
                Backoff::decorrelated(base),
            ),
            (r#"{ kind = "token", base = "2s" }"#, Backoff::token(base)),
            (
                r#"{ kind = "token", base = "2s", factor = 1.2, jitter = "full" }"#,
                Backoff::token(base).factor(1.2).jitter(Jitter::Full),
            ),
            (
                r#"{ kind = "schedule", delays = ["2s"] }"#,
                Backoff::schedule(const { &[secs(2)] }),
            ),
        ] {
            let policy = from_toml(&format!("backoff = {text}"));
            assert_eq!(policy, Policy::new().backoff(backoff), "{text}");
        }
    }

    #[test]
    fn every_jitter_is_read() {
        for (text, jitter) in [
            ("\"none\"", Jitter::None),
            ("\"full\"", Jitter::Full),
            ("\"equal\"", Jitter::Equal),
            ("{ spread = 1 }", Jitter::Spread(1.0)),
        ] {
            let policy = from_toml(&format!(
                "backoff = {{ kind = \"fixed\", delay = \"1s\", jitter = {text} }}"
            ));
            let backoff = Backoff::fixed(secs(1)).jitter(jitter);
            assert_eq!(policy, Policy::new().backoff(backoff), "{text}");
        }
    }
}

mod round_trips {
    use super::*;

    fn through_both(policy: &Policy) {
        let toml = toml::to_string(policy).unwrap();
        assert_eq!(from_toml(&toml), *policy, "{toml}");
        let json = serde_json::to_string(policy).unwrap();
        assert_eq!(
            serde_json::from_str::<Policy>(&json).unwrap(),
            *policy,
            "{json}"
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        through_both(&everything());
        through_both(&Policy::new());
        through_both(&Policy::new().no_backoff());
        through_both(&Policy::new().unlimited().backoff(Backoff::none()));
        for preset in [
            Policy::AGGRESSIVE,
            Policy::CONSERVATIVE,
            Policy::RATE_LIMITED,
            Policy::NEVER,
        ] {
            through_both(&preset);
        }
    }

    #[test]
    fn what_is_written_is_what_a_person_would_write() {
        assert_eq!(
            toml::to_string(&everything()).unwrap(),
            r#"attempts = 7
deadline = "1m 30s"
attempt_timeout = "2s 500ms"
retry_after = "ignore"
retry_after_max = "30s"

[backoff]
kind = "exponential"
base = "100ms"
factor = 1.5
min = "10ms"
max = "10s"

[backoff.jitter]
spread = 0.3

[classes]
unknown = "never"

[classes.concurrency.backoff]
kind = "schedule"
delays = ["1s", "2s"]

[classes.rate_limit]
attempts = 3

[classes.rate_limit.backoff]
kind = "fixed"
delay = "5s"

[classes.transient]
attempts = 2
"#
        );
    }

    #[test]
    fn classes_are_written_by_their_stable_names() {
        for class in ErrorClass::ALL {
            let json = serde_json::to_string(&class).unwrap();
            assert_eq!(json, format!("\"{class}\""));
            assert_eq!(serde_json::from_str::<ErrorClass>(&json).unwrap(), class);
        }
    }

    #[test]
    fn rules_backoffs_and_jitters_stand_by_themselves_too() {
        let rule = ClassRule::new()
            .attempts(2)
            .backoff(Backoff::token(secs(1)));
        for rule in [rule, ClassRule::never(), ClassRule::new()] {
            let json = serde_json::to_string(&rule).unwrap();
            assert_eq!(
                serde_json::from_str::<ClassRule>(&json).unwrap(),
                rule,
                "{json}"
            );
        }
        for jitter in [
            Jitter::None,
            Jitter::Full,
            Jitter::Equal,
            Jitter::Spread(0.25),
        ] {
            let json = serde_json::to_string(&jitter).unwrap();
            assert_eq!(
                serde_json::from_str::<Jitter>(&json).unwrap(),
                jitter,
                "{json}"
            );
        }
    }

    #[test]
    fn a_custom_backoff_cannot_be_written() {
        let custom = Backoff::custom(|_| Duration::ZERO);
        let rule = ClassRule::new().backoff(custom);
        for (policy, path) in [
            (Policy::new().backoff(custom), "backoff.kind"),
            (
                Policy::new().class(ErrorClass::RateLimit, rule),
                "classes.rate_limit.backoff.kind",
            ),
        ] {
            assert_eq!(
                serde_json::to_string(&policy).unwrap_err().to_string(),
                format!(
                    "`{path}`: a custom backoff is a function and cannot be written as data: use another kind."
                )
            );
        }
    }

    fn any_duration() -> impl Strategy<Value = Duration> {
        prop_oneof![
            Just(Duration::MAX),
            Just(Duration::from_nanos(1)),
            (any::<u64>(), 0_u32..1_000_000_000)
                .prop_map(|(s, n)| Duration::new(s, n).max(Duration::from_nanos(1))),
        ]
    }

    proptest! {
        #[test]
        fn every_duration_and_number_survives(
            deadline in any_duration(), base in any_duration(), attempts in 1..=u32::MAX,
            factor in 1.0..=f64::MAX, spread in 0.0..=1.0,
        ) {
            let backoff = Backoff::exponential(base).factor(factor).jitter(Jitter::Spread(spread));
            // Not through JSON: its parser rounds long floats unless asked not to.
            let text = toml::to_string(&backoff).unwrap();
            prop_assert_eq!(toml::from_str::<Backoff>(&text).unwrap(), backoff);
            let policy = Policy::new().attempts(attempts).no_backoff().deadline(deadline);
            through_both(&policy);
        }
    }
}

mod refused_with_path_and_reason {
    use super::*;

    #[test]
    fn what_a_setter_refuses() {
        for (text, start) in [
            ("attempts = 0", "`attempts`: `attempts` must be at least 1"),
            ("deadline = \"0s\"", "`deadline`: a deadline of zero"),
            (
                "attempt_timeout = \"0s\"",
                "`attempt_timeout`: an attempt timeout of zero",
            ),
            (
                "retry_after_max = \"0s\"",
                "`retry_after_max`: a `retry_after_max` of zero",
            ),
            (
                "classes.transient.attempts = 0",
                "`classes.transient.attempts`: the `attempts` of a class must be at least 1",
            ),
            (
                "classes.auth = \"never\"",
                "`classes.auth`: the class `auth` is never retried",
            ),
            (
                "classes.permanent = { attempts = 2 }",
                "`classes.permanent`: the class `permanent` is never retried",
            ),
        ] {
            let message = refusal(text);
            assert!(message.starts_with(start), "{text}: {message}");
        }
    }

    #[test]
    fn what_a_backoff_refuses() {
        for (backoff, start) in [
            (
                r#"{ kind = "exponential", base = "1s", factor = 0.5 }"#,
                "factor`: the factor of a backoff must be a finite number",
            ),
            (
                r#"{ kind = "exponential", base = "1s", factor = nan }"#,
                "factor`: the factor of a backoff must be a finite number",
            ),
            (
                r#"{ kind = "exponential", base = "1s", factor = inf }"#,
                "factor`: the factor of a backoff must be a finite number",
            ),
            (
                r#"{ kind = "fixed", delay = "1s", factor = 2.0 }"#,
                "factor`: only an exponential backoff has a factor",
            ),
            (
                r#"{ kind = "fixed", delay = "1s", jitter = { spread = 1.5 } }"#,
                "jitter.spread`: the spread of a jitter must lie between 0 and 1",
            ),
            (
                r#"{ kind = "decorrelated", base = "1s", jitter = "full" }"#,
                "jitter`: this backoff has no use for jitter",
            ),
            (
                r#"{ kind = "none", min = "1s" }"#,
                "min`: a backoff of `none` never waits",
            ),
            (
                r#"{ kind = "none", max = "1s" }"#,
                "max`: a backoff of `none` never waits",
            ),
            (
                r#"{ kind = "fixed", delay = "1s", min = "3s", max = "2s" }"#,
                "min`: `min` is above `max`",
            ),
            (
                r#"{ kind = "fibonacci", unit = "3s", max = "2s" }"#,
                "unit`: a delay of the backoff is above its `max`",
            ),
            (
                r#"{ kind = "schedule", delays = ["1s", "3s"], max = "2s" }"#,
                "delays`: a delay of the backoff is above its `max`",
            ),
            (
                r#"{ kind = "schedule", delays = [] }"#,
                "delays`: a schedule of delays needs at least one delay",
            ),
        ] {
            let message = refusal(&format!("backoff = {backoff}"));
            assert!(
                message.starts_with(&format!("`backoff.{start}")),
                "{backoff}: {message}"
            );
            let message = refusal(&format!("classes.transient.backoff = {backoff}"));
            let start = format!("`classes.transient.backoff.{start}");
            assert!(message.starts_with(&start), "{backoff}: {message}");
        }
    }

    #[test]
    fn what_spans_fields() {
        for (text, start) in [
            (
                "attempts = 2\nclasses.rate_limit.attempts = 3",
                "`classes.rate_limit.attempts`: the class `rate_limit` allows more attempts",
            ),
            (
                "deadline = \"1s\"\nattempt_timeout = \"1s\"",
                "`attempt_timeout`: the attempt timeout must lie below the deadline",
            ),
            (
                "deadline = \"1s\"\nbackoff = { kind = \"fixed\", delay = \"1s\" }",
                "`deadline`: the last attempt cannot start before the deadline",
            ),
            (
                "no_backoff = true\nbackoff = { kind = \"none\" }",
                "`no_backoff`: a policy cannot have a `backoff` and none",
            ),
        ] {
            let message = refusal(text);
            assert!(message.starts_with(start), "{text}: {message}");
        }
    }

    #[test]
    fn words_that_mean_nothing() {
        for (text, message) in [
            (
                "attempts = \"many\"",
                "`attempts`: \"many\" is no number of attempts: write a number, or \"unlimited\".",
            ),
            (
                "retry_after = \"obey\"",
                "`retry_after`: \"obey\" is not known: write \"honor\" or \"ignore\".",
            ),
            (
                "classes.unknown = \"always\"",
                "`classes.unknown`: \"always\" is no rule: write a table such as { attempts = 2 }, or \"never\".",
            ),
            (
                "backoff = { kind = \"fixed\", delay = \"1s\", jitter = \"some\" }",
                "`backoff.jitter`: \"some\" is no jitter: write \"none\", \"full\", \"equal\" or { spread = 0.3 }.",
            ),
            (
                "backoff = { kind = \"quadratic\" }",
                "`backoff.kind`: \"quadratic\" is no kind of backoff: write one of \"none\", \"fixed\", \"linear\", \"exponential\", \"fibonacci\", \"decorrelated\", \"token\" or \"schedule\".",
            ),
        ] {
            assert_eq!(refusal(text), message);
        }
    }

    #[test]
    fn durations_that_are_none() {
        for (text, path) in [
            ("deadline = \"30\"", "deadline"),
            ("deadline = \"\"", "deadline"),
            ("attempt_timeout = \"-1s\"", "attempt_timeout"),
            ("retry_after_max = \"soon\"", "retry_after_max"),
            (
                "backoff = { kind = \"fixed\", delay = \"1\" }",
                "backoff.delay",
            ),
            (
                "backoff = { kind = \"linear\", step = \"x\" }",
                "backoff.step",
            ),
            (
                "backoff = { kind = \"fixed\", delay = \"1s\", min = \"1 sheep\" }",
                "backoff.min",
            ),
            (
                "backoff = { kind = \"fixed\", delay = \"1s\", max = \"NaN\" }",
                "backoff.max",
            ),
            (
                "backoff = { kind = \"schedule\", delays = [\"1s\", \"2\"] }",
                "backoff.delays[1]",
            ),
            (
                "classes.unknown.backoff = { kind = \"token\", base = \"99999999999999999999s\" }",
                "classes.unknown.backoff.base",
            ),
        ] {
            let message = refusal(text);
            assert!(
                message.starts_with(&format!("`{path}`: \"")),
                "{text}: {message}"
            );
            assert!(message.contains("is not a duration"), "{text}: {message}");
        }
    }

    #[test]
    fn arguments_that_are_missing_or_belong_to_another_kind() {
        assert_eq!(
            refusal("backoff = { kind = \"exponential\" }"),
            "`backoff.base`: a backoff of kind \"exponential\" needs `base`: add it."
        );
        assert_eq!(
            refusal("backoff = { kind = \"fixed\", delay = \"1s\", step = \"1s\" }"),
            "`backoff.step`: a backoff of kind \"fixed\" has no use for `step`: remove it."
        );
        assert_eq!(
            refusal("backoff = { kind = \"none\", delay = \"1s\" }"),
            "`backoff.delay`: a backoff of kind \"none\" has no use for `delay`: remove it."
        );
    }
}

mod refused_by_shape {
    use super::*;

    #[test]
    fn unknown_fields_everywhere() {
        for text in [
            "atempts = 3",
            "backoff = { kind = \"none\", delai = \"1s\" }",
            "classes.transiend = \"never\"",
            "classes.transient = { attempts = 2, backof = 1 }",
            "backoff = { kind = \"fixed\", delay = \"1s\", jitter = { spread = 0.1, speed = 1 } }",
        ] {
            let message = refusal(text);
            assert!(message.starts_with("unknown field `"), "{text}: {message}");
            assert!(message.contains("expected"), "{text}: {message}");
        }
    }

    #[test]
    fn a_field_given_twice() {
        let error =
            serde_json::from_str::<Policy>(r#"{"attempts": 2, "attempts": 3}"#).unwrap_err();
        assert!(
            error.to_string().starts_with("duplicate field `attempts`"),
            "{error}"
        );
        let classes = r#"{"classes": {"unknown": "never", "unknown": {}}}"#;
        let error = serde_json::from_str::<Policy>(classes).unwrap_err();
        assert!(
            error.to_string().starts_with("duplicate field `unknown`"),
            "{error}"
        );
    }

    #[test]
    fn values_of_another_type_say_what_is_expected() {
        for (text, expected) in [
            (
                "attempts = -1",
                "expected a number of attempts up to 4294967295, or \"unlimited\"",
            ),
            (
                "attempts = 4294967296",
                "expected a number of attempts up to 4294967295, or \"unlimited\"",
            ),
            (
                "attempts = 2.5",
                "expected a number of attempts up to 4294967295, or \"unlimited\"",
            ),
            (
                "deadline = 30",
                "expected a duration in quotes with its unit, such as \"1m 30s\"",
            ),
            (
                "backoff = \"none\"",
                "expected a backoff such as { kind = \"fixed\", delay = \"1s\" }",
            ),
            ("backoff = { delay = \"1s\" }", "missing field `kind`"),
            (
                "classes.unknown = 3",
                "expected a rule such as { attempts = 2 }, or \"never\"",
            ),
            (
                "backoff = { kind = \"fixed\", delay = \"1s\", jitter = 0.3 }",
                "expected \"none\", \"full\", \"equal\" or { spread = 0.3 }",
            ),
        ] {
            let message = refusal(text);
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
