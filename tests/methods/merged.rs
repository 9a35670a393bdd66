//! Keys of a method over the defaults.

use std::time::Duration;

use retry_core::testing::{ManualClock, Recorder};
use retry_core::{Backoff, Classification, ErrorClass, Policy, RetryAfter, retry_methods};

use crate::fault::{Fault, Faulty};

const STEADY: Backoff = Backoff::fixed(Duration::from_secs(3));
const TWICE: Policy = Policy::new().attempts(2).backoff(STEADY);

/// How often it ran, and how long it waited on virtual time.
fn timed(fault: Fault, call: impl FnOnce(&Faulty) -> Result<u32, Fault>) -> (u32, Duration) {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let faulty = Faulty::with(fault);
    assert_eq!(call(&faulty), Err(fault));
    (faulty.runs().0, clock.elapsed())
}

/// A method with these keys in a block with those defaults, after an error of each kind.
macro_rules! merged {
    (($($defaults:tt)*), ($($keys:tt)*), $fault:ident) => {{
        struct Service;
        #[retry_methods($($defaults)*)]
        impl Service {
            #[retry($($keys)*)]
            fn run(faulty: &Faulty) -> Result<u32, Fault> {
                Err(faulty.fail())
            }
        }
        // The table says the same.
        struct Table;
        #[retry_methods($($defaults)*, methods(run($($keys)*)))]
        impl Table {
            fn run(faulty: &Faulty) -> Result<u32, Fault> {
                Err(faulty.fail())
            }
        }
        let marked = timed(Fault::$fault, Service::run);
        assert_eq!(marked.0, timed(Fault::$fault, Table::run).0);
        marked
    }};
}

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn each_key_is_overridden_alone() {
    let both = merged!((attempts = 5, backoff = fixed("1s")), (attempts = 3), Busy);
    assert_eq!(both, (3, seconds(2)));
    let both = merged!(
        (attempts = 5, backoff = fixed("1s")),
        (backoff = fixed("2s")),
        Busy
    );
    assert_eq!(both, (5, seconds(8)));
    let both = merged!(
        (attempts = 5, backoff = fixed("1s"), deadline = "1h"),
        (deadline = "3500ms", attempts = unlimited),
        Busy
    );
    assert_eq!(both, (4, seconds(3)));
}

#[test]
fn a_class_rule_is_overridden_key_by_key() {
    macro_rules! over {
        ($($keys:tt)*) => {
            merged!(
                (attempts = 6, backoff = none, rate_limit(attempts = 3, backoff = fixed("1s"))),
                ($($keys)*),
                TooMany
            )
        };
    }
    assert_eq!(over!(attempts = 6), (3, seconds(2)));
    assert_eq!(over!(rate_limit(attempts = 5)), (5, seconds(4)));
    assert_eq!(over!(rate_limit(backoff = fixed("2s"))), (3, seconds(4)));
    assert_eq!(
        over!(rate_limit(attempts = 2, backoff = STEADY)),
        (2, seconds(3))
    );
    assert_eq!(over!(rate_limit = never), (1, seconds(0)));
    assert_eq!(over!(concurrency(attempts = 2)), (3, seconds(2)));
}

#[test]
fn a_rule_takes_the_place_of_never() {
    let never = merged!(
        (attempts = 4, backoff = fixed("1s"), rate_limit = never),
        (rate_limit(attempts = 3)),
        TooMany
    );
    assert_eq!(never, (3, seconds(2)));
}

#[test]
fn a_cap_of_the_defaults_is_no_higher_than_the_attempts_of_the_method() {
    let fewer = merged!(
        (
            attempts = 6,
            backoff = fixed("1s"),
            rate_limit(attempts = 5),
            unknown(attempts = 4)
        ),
        (attempts = 3),
        TooMany
    );
    assert_eq!(fewer, (3, seconds(2)));
}

#[test]
fn a_cap_above_the_usual_one_is_kept_as_far_as_it_goes() {
    struct Service;
    #[retry_methods(
        attempts = 6, backoff = fixed("1s"), unknown(attempts = 4),
        classify = |_| ErrorClass::Unknown
    )]
    impl Service {
        #[retry(attempts = 3)]
        fn run(faulty: &Faulty) -> Result<u32, Fault> {
            Err(faulty.fail())
        }
    }
    assert_eq!(timed(Fault::Busy, Service::run), (3, seconds(2)));
}

#[test]
fn a_policy_of_its_own_replaces_what_the_defaults_say_about_the_policy() {
    let own = merged!(
        (
            attempts = 5,
            backoff = fixed("1s"),
            deadline = "1s 500ms",
            transient(attempts = 1)
        ),
        (policy = TWICE),
        Busy
    );
    assert_eq!(own, (2, seconds(3)));
    let own = merged!(
        (policy = Policy::NEVER, attempts = 5, backoff = fixed("1s")),
        (policy = TWICE, attempts = 3),
        Busy
    );
    assert_eq!(own, (3, seconds(6)));
    // Behaviour is no part of it.
    let own = merged!(
        (retry_if = |fault| *fault == Fault::TooMany),
        (policy = TWICE),
        Busy
    );
    assert_eq!(own, (1, seconds(0)));
}

#[test]
fn a_policy_of_the_defaults_is_overridden_like_the_others() {
    let both = merged!((policy = TWICE), (attempts = 4), Busy);
    assert_eq!(both, (4, seconds(9)));
}

#[test]
fn the_jitter_of_the_defaults_goes_with_a_backoff_that_can_take_it() {
    let exact = merged!(
        (attempts = 2, jitter = none),
        (backoff = linear("1s")),
        Busy
    );
    assert_eq!(exact, (2, seconds(1)));
    // None of these can.
    assert_eq!(
        merged!((attempts = 2, jitter = equal), (backoff = none), Busy),
        (2, seconds(0))
    );
    let (_, waited) = merged!(
        (attempts = 2, jitter = none),
        (backoff = decorrelated("1s", max = "2s")),
        Busy
    );
    assert!((seconds(1)..=seconds(2)).contains(&waited), "{waited:?}");
    assert_eq!(
        merged!(
            (attempts = 2, jitter = full),
            (backoff = fixed("1s", jitter = none)),
            Busy
        ),
        (2, seconds(1))
    );
    assert_eq!(
        merged!((attempts = 2, jitter = full), (backoff = STEADY), Busy),
        (2, seconds(3))
    );
}

#[test]
fn the_jitter_of_a_method_replaces_the_one_inside_the_default_backoff() {
    assert_eq!(
        merged!(
            (attempts = 2, backoff = fixed("1s", jitter = full)),
            (jitter = none),
            Busy
        ),
        (2, seconds(1))
    );
}

#[test]
fn a_hint_that_a_method_ignores_has_no_limit() {
    macro_rules! hinted {
        ($($keys:tt)*) => {
            merged!(
                (
                    attempts = 2, backoff = fixed("1s"), retry_after_max = "20s",
                    classify = |_| Classification::new(ErrorClass::RateLimit).with_retry_after(seconds(100))
                ),
                ($($keys)*),
                Busy
            ).1
        };
    }
    assert_eq!(hinted!(attempts = 2), seconds(20));
    assert_eq!(hinted!(retry_after = ignore), seconds(1));
    assert_eq!(hinted!(retry_after = RetryAfter::Ignore), seconds(1));
    assert_eq!(hinted!(retry_after_max = "30s"), seconds(30));
}

#[test]
fn a_method_judges_its_values_in_its_own_way() {
    struct Service;
    #[retry_methods(backoff = none, retry_until = |count: &u32| *count > 8)]
    impl Service {
        fn default(runs: &mut u32) -> Result<u32, Fault> {
            *runs += 1;
            Ok(*runs)
        }

        #[retry(classify_value = |_: &u32| None)]
        fn own(runs: &mut u32) -> Result<u32, Fault> {
            *runs += 1;
            Ok(*runs)
        }
    }
    let (mut first, mut second) = (0, 0);
    assert_eq!(Service::default(&mut first), Err(Fault::Stopped));
    assert_eq!(Service::own(&mut second), Ok(1));
    assert_eq!((first, second), (3, 1));
}

#[test]
fn the_operation_is_the_type_and_the_method() {
    static LOG: Recorder = Recorder::new();
    mod inner {
        pub(super) struct Service<T>(pub(super) T);
    }
    trait Run {
        fn trait_method(&self) -> Result<(), Fault>;
    }
    #[retry_methods(observe = LOG)]
    impl<T> inner::Service<T> {
        fn plain() -> Result<(), Fault> {
            Ok(())
        }

        fn r#type(&self) -> Result<(), Fault> {
            let _ = &self.0;
            Ok(())
        }

        #[retry(operation = "own")]
        fn named() -> Result<(), Fault> {
            Ok(())
        }
    }
    #[retry_methods(observe = LOG)]
    impl Run for inner::Service<u8> {
        fn trait_method(&self) -> Result<(), Fault> {
            Ok(())
        }
    }
    #[retry_methods(observe = LOG)]
    impl Run for &[inner::Service<u8>] {
        fn trait_method(&self) -> Result<(), Fault> {
            Ok(())
        }
    }
    #[retry_methods(observe = LOG)]
    impl Run for () {
        fn trait_method(&self) -> Result<(), Fault> {
            Ok(())
        }
    }
    let service = inner::Service(0_u8);
    assert_eq!(inner::Service::<u8>::plain(), Ok(()));
    assert_eq!(service.r#type(), Ok(()));
    assert_eq!(inner::Service::<u8>::named(), Ok(()));
    assert_eq!(service.trait_method(), Ok(()));
    assert_eq!((&[service][..]).trait_method(), Ok(()));
    assert_eq!(().trait_method(), Ok(()));
    let mut names: Vec<_> = LOG.events().iter().map(|event| event.operation).collect();
    names.dedup();
    assert_eq!(
        names,
        [
            "Service::plain",
            "Service::type",
            "own",
            "Service::trait_method",
            "Run::trait_method"
        ]
    );
}
