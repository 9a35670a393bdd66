//! What a circuit can be made from, what is refused and why, and what configuration files look like.

use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use retry_core::{
    CircuitBreaker, CircuitSettings, ClassLimits, ClassSet, ErrorClass, FailureLimit, RateLimit,
    RetryAfter, SlowLimit,
};

use super::support::secs;

const MINUTE: Duration = secs(60);

/// What is refused: the setting, the beginning of the reason, as data and in the builder.
struct Refused {
    field: &'static str,
    reason: &'static str,
    data: fn(&mut CircuitSettings),
    builder: fn(CircuitBreaker) -> CircuitBreaker,
}

const fn failures(count: u32, window: Duration) -> FailureLimit {
    FailureLimit { count, window }
}

const fn rate(rate: f64, minimum_calls: u32, window: Duration) -> RateLimit {
    RateLimit {
        rate,
        minimum_calls,
        window,
    }
}

const fn slow(slower_than: Duration, rate: f64, minimum_calls: u32, window: Duration) -> SlowLimit {
    SlowLimit {
        slower_than,
        rate,
        minimum_calls,
        window,
    }
}

const fn of_class(count: u32, window: Duration) -> ClassLimits {
    ClassLimits::NONE.with(ErrorClass::RateLimit, FailureLimit { count, window })
}

const REFUSED: &[Refused] = &[
    Refused {
        field: "failures",
        reason: "A circuit cannot open after 0 failures: write at least 1.",
        data: |settings| settings.failures = Some(failures(0, MINUTE)),
        builder: |breaker| breaker.failures(0, MINUTE),
    },
    Refused {
        field: "failures",
        reason: "So many failures are too many to remember one by one: write at most 65536, or use `failure_rate`.",
        data: |settings| settings.failures = Some(failures(65_537, MINUTE)),
        builder: |breaker| breaker.failures(65_537, MINUTE),
    },
    Refused {
        field: "failures",
        reason: "No failure counts within a window of zero: write a longer one.",
        data: |settings| settings.failures = Some(failures(1, Duration::ZERO)),
        builder: |breaker| breaker.failures(1, Duration::ZERO),
    },
    Refused {
        field: "consecutive",
        reason: "A circuit cannot open after 0 failures in a row: write at least 1.",
        data: |settings| settings.consecutive = Some(0),
        builder: |breaker| breaker.consecutive(0),
    },
    Refused {
        field: "failure_rate",
        reason: "A rate lies above 0 and is at most 1: write for example 0.5 for half of the calls.",
        data: |settings| settings.failure_rate = Some(rate(0.0, 1, MINUTE)),
        builder: |breaker| breaker.failure_rate(0.0, 1, MINUTE),
    },
    Refused {
        field: "failure_rate",
        reason: "A rate lies above 0 and is at most 1: write for example 0.5 for half of the calls.",
        data: |settings| settings.failure_rate = Some(rate(1.000_001, 1, MINUTE)),
        builder: |breaker| breaker.failure_rate(1.000_001, 1, MINUTE),
    },
    Refused {
        field: "failure_rate",
        reason: "A rate lies above 0 and is at most 1: write for example 0.5 for half of the calls.",
        data: |settings| settings.failure_rate = Some(rate(f64::NAN, 1, MINUTE)),
        builder: |breaker| breaker.failure_rate(f64::NAN, 1, MINUTE),
    },
    Refused {
        field: "failure_rate",
        reason: "A share of 0 calls says nothing: write a minimum of at least 1.",
        data: |settings| settings.failure_rate = Some(rate(0.5, 0, MINUTE)),
        builder: |breaker| breaker.failure_rate(0.5, 0, MINUTE),
    },
    Refused {
        field: "failure_rate",
        reason: "No call counts within a window of zero: write a longer one.",
        data: |settings| settings.failure_rate = Some(rate(0.5, 1, Duration::ZERO)),
        builder: |breaker| breaker.failure_rate(0.5, 1, Duration::ZERO),
    },
    Refused {
        field: "slow_rate",
        reason: "If no time at all is slow, every call is: write a longer time.",
        data: |settings| settings.slow_rate = Some(slow(Duration::ZERO, 0.5, 1, MINUTE)),
        builder: |breaker| breaker.slow_rate(Duration::ZERO, 0.5, 1, MINUTE),
    },
    Refused {
        field: "slow_rate",
        reason: "A rate lies above 0 and is at most 1: write for example 0.5 for half of the calls.",
        data: |settings| settings.slow_rate = Some(slow(MINUTE, -0.5, 1, MINUTE)),
        builder: |breaker| breaker.slow_rate(MINUTE, -0.5, 1, MINUTE),
    },
    Refused {
        field: "slow_rate",
        reason: "A share of 0 calls says nothing: write a minimum of at least 1.",
        data: |settings| settings.slow_rate = Some(slow(MINUTE, 0.5, 0, MINUTE)),
        builder: |breaker| breaker.slow_rate(MINUTE, 0.5, 0, MINUTE),
    },
    Refused {
        field: "slow_rate",
        reason: "No call counts within a window of zero: write a longer one.",
        data: |settings| settings.slow_rate = Some(slow(MINUTE, 0.5, 1, Duration::ZERO)),
        builder: |breaker| breaker.slow_rate(MINUTE, 0.5, 1, Duration::ZERO),
    },
    Refused {
        field: "class_failures",
        reason: "A circuit cannot open after 0 failures: write at least 1.",
        data: |settings| settings.class_failures = of_class(0, MINUTE),
        builder: |breaker| breaker.class_failures(ErrorClass::RateLimit, 0, MINUTE),
    },
    Refused {
        field: "class_failures",
        reason: "So many failures are too many to remember one by one: write at most 65536, or use `failure_rate`.",
        data: |settings| settings.class_failures = of_class(65_537, MINUTE),
        builder: |breaker| breaker.class_failures(ErrorClass::RateLimit, 65_537, MINUTE),
    },
    Refused {
        field: "class_failures",
        reason: "No failure counts within a window of zero: write a longer one.",
        data: |settings| settings.class_failures = of_class(1, Duration::ZERO),
        builder: |breaker| breaker.class_failures(ErrorClass::RateLimit, 1, Duration::ZERO),
    },
    Refused {
        field: "trip_on",
        reason: "A circuit that no class of failure can open guards nothing: name at least one class.",
        data: |settings| settings.trip_on = ClassSet::of(&[]),
        builder: |breaker| breaker.trip_on(&[]),
    },
    Refused {
        field: "open_for",
        reason: "A circuit that is open for no time is never open: write a longer time.",
        data: |settings| settings.open_for = Duration::ZERO,
        builder: |breaker| breaker.open_for(Duration::ZERO),
    },
    Refused {
        field: "growth",
        reason: "The time that a circuit is open must not shrink with each reopening: write a finite factor of at least 1.",
        data: |settings| settings.growth = 0.999,
        builder: |breaker| breaker.growing(0.999, MINUTE),
    },
    Refused {
        field: "growth",
        reason: "The time that a circuit is open must not shrink with each reopening: write a finite factor of at least 1.",
        data: |settings| settings.growth = f64::INFINITY,
        builder: |breaker| breaker.growing(f64::INFINITY, MINUTE),
    },
    Refused {
        field: "growth",
        reason: "The time that a circuit is open must not shrink with each reopening: write a finite factor of at least 1.",
        data: |settings| settings.growth = f64::NAN,
        builder: |breaker| breaker.growing(f64::NAN, MINUTE),
    },
    Refused {
        field: "retry_after_max",
        reason: "A hint that is cut to zero is no hint: ignore it with `RetryAfter::Ignore`.",
        data: |settings| settings.retry_after_max = Duration::ZERO,
        builder: |breaker| breaker.retry_after_max(Duration::ZERO),
    },
    Refused {
        field: "probes",
        reason: "Without probes an open circuit would never close: write at least 1.",
        data: |settings| settings.probes = 0,
        builder: |breaker| breaker.probes(0),
    },
    Refused {
        field: "successes",
        reason: "A circuit closes when a probe has succeeded: write at least 1.",
        data: |settings| settings.successes = 0,
        builder: |breaker| breaker.successes(0),
    },
    Refused {
        field: "probe_timeout",
        reason: "A probe that is given up at once cannot close the circuit: write a longer time.",
        data: |settings| settings.probe_timeout = Duration::ZERO,
        builder: |breaker| breaker.probe_timeout(Duration::ZERO),
    },
];

#[test]
fn data_that_makes_no_sense_is_refused_with_the_setting_and_the_reason() {
    for refused in REFUSED {
        let mut settings = CircuitSettings::DEFAULT;
        (refused.data)(&mut settings);
        let error = CircuitBreaker::from_settings("payments", settings).expect_err(refused.reason);
        assert_eq!(
            (error.field(), error.reason()),
            (refused.field, refused.reason)
        );
        let expected = format!("`{}`: {}", refused.field, refused.reason);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn the_builder_refuses_the_same_with_the_same_reason() {
    for refused in REFUSED {
        let built = catch_unwind(|| (refused.builder)(CircuitBreaker::new("payments")));
        let panic = built.map(drop).expect_err(refused.reason);
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or(panic.downcast_ref::<&str>().copied());
        assert_eq!(message, Some(refused.reason));
    }
}

#[test]
fn a_circuit_needs_a_name() {
    let error = CircuitBreaker::from_settings("", CircuitSettings::DEFAULT).expect_err("no name");
    assert_eq!(error.field(), "name");
    assert!(catch_unwind(|| CircuitBreaker::new("")).is_err());
}

#[test]
fn the_limits_themselves_are_accepted() {
    let settings: &[fn(&mut CircuitSettings)] = &[
        |settings| settings.failures = Some(failures(1, Duration::from_nanos(1))),
        |settings| settings.failures = Some(failures(65_536, Duration::MAX)),
        |settings| settings.consecutive = Some(u32::MAX),
        |settings| {
            settings.failure_rate = Some(rate(f64::MIN_POSITIVE, 1, Duration::from_nanos(1)));
        },
        |settings| settings.failure_rate = Some(rate(1.0, u32::MAX, Duration::MAX)),
        |settings| settings.slow_rate = Some(slow(Duration::MAX, 1.0, u32::MAX, Duration::MAX)),
        |settings| {
            settings.trip_on = ClassSet::of(&[]);
            settings.class_failures = of_class(1, MINUTE);
        },
        |settings| settings.growth = 1.0,
        |settings| settings.open_for_max = Duration::ZERO,
        |settings| (settings.probes, settings.successes) = (u32::MAX, u32::MAX),
    ];
    for change in settings {
        let mut settings = CircuitSettings::DEFAULT;
        change(&mut settings);
        let breaker = CircuitBreaker::from_settings("payments", settings)
            .expect("settings without a problem");
        assert_eq!(*breaker.settings(), settings);
    }
}

#[test]
fn a_class_of_its_own_limit_suffices_to_trip_on() {
    let breaker = CircuitBreaker::new("payments")
        .class_failures(ErrorClass::RateLimit, 1, MINUTE)
        .trip_on(&[]);
    let fail = |class| breaker.try_acquire().expect("closed").fail(class);
    fail(ErrorClass::Transient);
    fail(ErrorClass::RateLimit);
    assert!(breaker.try_acquire().is_err());
}

#[test]
fn the_builder_sets_what_the_settings_hold() {
    static BREAKER: CircuitBreaker = CircuitBreaker::new("payments")
        .failures(1, secs(2))
        .consecutive(3)
        .failure_rate(0.4, 5, secs(6))
        .slow_rate(secs(7), 0.8, 9, secs(10))
        .class_failures(ErrorClass::RateLimit, 11, secs(12))
        .trip_on(&[ErrorClass::Unknown])
        .open_for(secs(13))
        .growing(1.4, secs(15))
        .retry_after(RetryAfter::Ignore)
        .retry_after_max(secs(16))
        .probes(17)
        .successes(18)
        .probe_timeout(secs(19))
        .per_call();
    assert_eq!(*BREAKER.settings(), everything());
    assert_eq!(BREAKER.name(), "payments");
}

fn everything() -> CircuitSettings {
    let mut settings = CircuitSettings::DEFAULT;
    settings.failures = Some(failures(1, secs(2)));
    settings.consecutive = Some(3);
    settings.failure_rate = Some(rate(0.4, 5, secs(6)));
    settings.slow_rate = Some(slow(secs(7), 0.8, 9, secs(10)));
    settings.class_failures = of_class(11, secs(12));
    settings.trip_on = ClassSet::of(&[ErrorClass::Unknown]);
    settings.open_for = secs(13);
    settings.growth = 1.4;
    settings.open_for_max = secs(15);
    settings.retry_after = RetryAfter::Ignore;
    settings.retry_after_max = secs(16);
    settings.probes = 17;
    settings.successes = 18;
    settings.probe_timeout = secs(19);
    settings.per_call = true;
    settings
}

#[test]
fn a_circuit_without_settings_is_the_default_one() {
    assert_eq!(
        *CircuitBreaker::new("payments").settings(),
        CircuitSettings::DEFAULT
    );
    assert_eq!(CircuitSettings::default(), CircuitSettings::DEFAULT);
}

#[test]
fn a_circuit_can_be_a_static_or_many_or_shared() {
    static SHARDS: [CircuitBreaker; 2] = [
        CircuitBreaker::new("a"),
        CircuitBreaker::new("b").consecutive(1),
    ];
    let shared = Arc::new(CircuitBreaker::new("c"));
    let names: Vec<_> = SHARDS
        .iter()
        .chain([&*shared])
        .map(CircuitBreaker::name)
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
    let elsewhere = Arc::clone(&shared);
    let acquired = thread::spawn(move || elsewhere.try_acquire().is_ok());
    assert_eq!(acquired.join().ok(), Some(true));
}

#[test]
fn a_circuit_is_taken_across_a_caught_panic_as_it_is() {
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let panicked = catch_unwind(|| {
        let _permit = breaker.try_acquire();
        panic!("in the attempt");
    });
    assert!(panicked.is_err());
    assert!(breaker.try_acquire().is_ok());
}

#[cfg(feature = "serde")]
mod files {
    use retry_core::{CircuitSettings, CircuitState, ErrorClass};

    use super::everything;

    const FILE: &str = r#"
        consecutive = 3
        trip_on = ["unknown"]
        open_for = "13s"
        growth = 1.4
        open_for_max = "15s"
        retry_after = "ignore"
        retry_after_max = "16s"
        probes = 17
        successes = 18
        probe_timeout = "19s"
        per_call = true
        failures = { count = 1, window = "2s" }
        failure_rate = { rate = 0.4, minimum_calls = 5, window = "6s" }
        slow_rate = { slower_than = "7s", rate = 0.8, minimum_calls = 9, window = "10s" }
        class_failures = { rate_limit = { count = 11, window = "12s" } }
    "#;

    fn refusal(text: &str) -> String {
        match toml::from_str::<CircuitSettings>(text) {
            Ok(settings) => panic!("{text} was read as {settings:?}"),
            Err(error) => error.message().to_owned(),
        }
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(toml::from_str(""), Ok(CircuitSettings::DEFAULT));
    }

    #[test]
    fn everything_can_be_written() {
        assert_eq!(toml::from_str(FILE), Ok(everything()));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for settings in [everything(), CircuitSettings::DEFAULT] {
            let text = toml::to_string(&settings).expect("it can be written");
            assert_eq!(toml::from_str(&text), Ok(settings), "{text}");
            let text = serde_json::to_string(&settings).expect("it can be written");
            let read: CircuitSettings = serde_json::from_str(&text).expect("it can be read");
            assert_eq!(read, settings, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for (text, name) in [
            ("opens_for = \"1s\"", "opens_for"),
            (
                "failures = { count = 1, window = \"1s\", most = 2 }",
                "most",
            ),
            (
                "failure_rate = { rate = 0.5, minimum_calls = 1, window = \"1s\", most = 2 }",
                "most",
            ),
            (
                "slow_rate = { slower_than = \"1s\", rate = 0.5, minimum_calls = 1, window = \"1s\", most = 2 }",
                "most",
            ),
            ("trip_on = [\"timeout\"]", "timeout"),
            (
                "class_failures = { timeout = { count = 1, window = \"1s\" } }",
                "timeout",
            ),
            ("retry_after = \"maybe\"", "maybe"),
            ("open_for = \"soon\"", "soon"),
        ] {
            let message = refusal(text);
            assert!(message.contains(name), "{text}: {message}");
        }
    }

    #[test]
    fn what_a_limit_needs_has_to_be_there() {
        for text in [
            "failures = { count = 1 }",
            "failure_rate = { rate = 0.5, window = \"1s\" }",
            "slow_rate = { rate = 0.5, minimum_calls = 1, window = \"1s\" }",
        ] {
            let message = refusal(text);
            assert!(message.contains("missing field"), "{text}: {message}");
        }
    }

    #[test]
    fn hints_are_honoured_or_ignored_by_name() {
        for (text, written) in [
            ("retry_after = \"honor\"", "honor"),
            ("retry_after = \"ignore\"", "ignore"),
        ] {
            let settings: CircuitSettings = toml::from_str(text).expect("it can be read");
            let json = serde_json::to_value(settings).expect("it can be written");
            assert_eq!(json["retry_after"], written);
        }
        assert!(refusal("retry_after = \"x\"").contains("write \"honor\" or \"ignore\""));
    }

    #[test]
    fn states_are_written_by_their_names() {
        for state in [
            CircuitState::Closed,
            CircuitState::Open,
            CircuitState::HalfOpen,
        ] {
            let json = serde_json::to_value(state).expect("it can be written");
            assert_eq!(json, state.as_str());
            let read: CircuitState = serde_json::from_value(json).expect("it can be read");
            assert_eq!(read, state);
        }
    }

    #[test]
    fn classes_are_written_in_their_order_and_once() {
        let settings: CircuitSettings =
            toml::from_str("trip_on = [\"unknown\", \"auth\", \"auth\"]").expect("it can be read");
        let json = serde_json::to_value(settings).expect("it can be written");
        assert_eq!(json["trip_on"], serde_json::json!(["auth", "unknown"]));
        assert!(settings.trip_on.contains(ErrorClass::Auth));
    }
}
