//! Failures that are retried without a delay, in a call that nobody watches, leave no trace but their number. What comes of the call is the
//! same as of one that is watched, where each of them is taken down.

mod support;

use std::cell::Cell;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use retry_core::testing::ManualClock;
use retry_core::{
    AbortSignal, Backoff, CircuitBreaker, ClassRule, Classification, Classify as _, ErrorClass,
    Policy, RetryAfter, SleepDecision,
};
use support::{AT_ONCE, Failure, TRANSIENT, millis, poll_to_end, secs};

const RULED: [ErrorClass; 3] = [
    ErrorClass::Concurrency,
    ErrorClass::RateLimit,
    ErrorClass::Unknown,
];

fn rule() -> impl Strategy<Value = ClassRule> {
    prop_oneof![
        Just(ClassRule::never()),
        (option::of(1..4_u32), any::<bool>()).prop_map(|(cap, waits)| {
            let mut rule = ClassRule::new();
            if let Some(cap) = cap {
                rule = rule.attempts(cap);
            }
            if waits {
                rule = rule.backoff(Backoff::fixed(secs(1)));
            }
            rule
        }),
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    let rules = RULED.map(|class| option::of(rule()).prop_map(move |rule| (class, rule)));
    (option::of(1..9_u32), rules, any::<bool>()).prop_map(|(attempts, rules, honors)| {
        let policy = match attempts {
            Some(attempts) => AT_ONCE.attempts(attempts),
            None => AT_ONCE.unlimited(),
        };
        let policy = policy.retry_after(if honors {
            RetryAfter::Honor
        } else {
            RetryAfter::Ignore
        });
        rules
            .into_iter()
            .fold(policy, |policy, (class, rule)| match rule {
                Some(rule) => policy.class(class, rule),
                None => policy,
            })
    })
}

fn failures() -> impl Strategy<Value = Vec<Failure>> {
    let class = prop_oneof![
        6 => Just(ErrorClass::Transient),
        4 => proptest::sample::select(&ErrorClass::ALL[..]),
    ];
    let failure =
        (class, option::weighted(0.1, Just(millis(300)))).prop_map(|(class, hint)| match hint {
            Some(hint) => Failure::Hint(class, hint),
            None => Failure::Of(class),
        });
    vec(failure, 0..12)
}

/// What a call gives, how long it waited, and how often it asked: for an attempt, for a class, and for leave.
#[derive(Debug, PartialEq)]
struct Seen {
    result: Result<u32, Failure>,
    waited: Duration,
    attempts: u32,
    classified: u32,
    filtered: u32,
}

/// The same call four times: sync and async, watched or not.
fn each_way(policy: &Policy, script: &[Failure], refused: Option<u32>) -> [Seen; 4] {
    [(false, false), (false, true), (true, false), (true, true)].map(|(asynchronous, watched)| {
        let clock = ManualClock::new();
        let (attempts, classified, filtered) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let add = |count: &Cell<u32>| count.set(count.get() + 1);
        let attempt = || {
            let index = attempts.get() as usize;
            add(&attempts);
            script.get(index).cloned().map_or(Ok(7), Err)
        };
        let call = policy
            .call("test")
            .clock(&clock)
            .sleeper(&clock)
            .seed(7)
            .classify(|error: &Failure| -> Classification {
                add(&classified);
                error.classify()
            })
            .retry_if(|_: &Failure| {
                add(&filtered);
                refused != Some(filtered.get())
            });
        let result = match (asynchronous, watched) {
            (false, false) => call.run_blocking(attempt),
            (false, true) => call.on_retry(|_| {}).run_blocking(attempt),
            (true, false) => poll_to_end(call.run(async || attempt())),
            (true, true) => poll_to_end(call.on_retry(|_| {}).run(async || attempt())),
        };
        Seen {
            result,
            waited: clock.elapsed(),
            attempts: attempts.get(),
            classified: classified.get(),
            filtered: filtered.get(),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_can_tell_the_short_way_from_the_long_one(
        policy in policy(),
        script in failures(),
        refused in option::weighted(0.3, 1..6_u32),
    ) {
        let [first, others @ ..] = each_way(&policy, &script, refused);
        for other in others {
            prop_assert_eq!(&other, &first);
        }
    }
}

#[test]
fn an_abort_is_seen_between_attempts_without_a_delay() {
    let signal = AbortSignal::new();
    let attempts = Cell::new(0);
    let policy = AT_ONCE.attempts(9);
    let result = policy.call("test").abort(&signal).run_blocking(|| {
        attempts.set(attempts.get() + 1);
        if attempts.get() == 3 {
            signal.abort();
        }
        Err::<(), _>(TRANSIENT)
    });
    assert_eq!((result, attempts.get()), (Err(TRANSIENT), 3));
}

#[test]
fn a_sleep_rule_is_asked_about_delays_of_nothing() {
    let asked = Cell::new(0);
    let policy = AT_ONCE.attempts(4);
    let call = policy.call("test").on_sleep(|_, delay| {
        assert!(delay.is_zero());
        asked.set(asked.get() + 1);
        SleepDecision::Sleep
    });
    assert_eq!(
        call.run_blocking(|| Err::<(), _>(TRANSIENT)),
        Err(TRANSIENT)
    );
    assert_eq!(asked.get(), 3);
}

#[test]
fn a_breaker_counts_failures_without_a_delay() {
    let policy = AT_ONCE.attempts(9);
    let fails = || Err::<(), _>(TRANSIENT);
    for asynchronous in [false, true] {
        let breaker = CircuitBreaker::new("payments").failures(3, secs(60));
        let clock = ManualClock::new();
        let call = policy.call("test").sleeper(&clock).breaker(&breaker);
        let attempts = Cell::new(0);
        let attempt = || {
            attempts.set(attempts.get() + 1);
            fails()
        };
        let result = if asynchronous {
            poll_to_end(call.run(async || attempt()))
        } else {
            call.run_blocking(attempt)
        };
        assert_eq!((result, attempts.get()), (Err(TRANSIENT), 3));
    }
}
