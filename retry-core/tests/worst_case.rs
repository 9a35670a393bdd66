//! How long a call can take at most: what the figure says, and that no call takes longer.

use std::time::Duration;

use proptest::prelude::*;
use retry_core::testing::ManualClock;
use retry_core::{
    Backoff, ClassRule, Classification, ErrorClass, Jitter, Policy, RetryAfter, WorstCase,
};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Four seconds of waits, and no hints.
const PLAIN: Policy = Policy::new()
    .backoff(Backoff::fixed(secs(2)))
    .retry_after(RetryAfter::Ignore);

fn printed(&policy: &Policy) -> String {
    policy.worst_case().to_string()
}

#[test]
fn attempts_that_nothing_cuts_come_on_top_of_the_waits() {
    let worst = PLAIN.worst_case();
    assert_eq!(worst.to_string(), "4s + 3 attempts");
    assert_eq!((worst.attempts, worst.uncut_attempts), (Some(3), 3));
    assert_eq!((worst.bounded, worst.limit()), (Some(secs(4)), None));
    assert_eq!(printed(&PLAIN.backoff(Backoff::none())), "3 attempts");
    assert_eq!(printed(&Policy::NEVER), "1 attempt");
}

#[test]
fn attempts_with_a_timeout_are_part_of_the_limit() {
    let policy = PLAIN.attempt_timeout(secs(5));
    assert_eq!(printed(&policy), "19s");
    assert_eq!(policy.worst_case().limit(), Some(secs(19)));
    assert_eq!(printed(&Policy::NEVER.attempt_timeout(secs(5))), "5s");
}

#[test]
fn nothing_cuts_a_blocking_attempt() {
    let policy = PLAIN.attempt_timeout(secs(5));
    assert_eq!(policy.worst_case_blocking(), PLAIN.worst_case());
    let policy = policy.deadline(secs(30));
    assert_eq!(
        policy.worst_case_blocking().to_string(),
        "30s + last attempt"
    );
}

#[test]
fn a_deadline_does_not_cut_an_attempt_that_has_no_timeout() {
    let policy = PLAIN.deadline(secs(10));
    let worst = policy.worst_case();
    assert_eq!(worst.to_string(), "10s + last attempt");
    assert_eq!((worst.uncut_attempts, worst.limit()), (1, None));
    // And the only attempt starts at once.
    assert_eq!(printed(&policy.attempts(1)), "1 attempt");
}

#[test]
fn a_deadline_cuts_an_attempt_that_has_a_timeout() {
    let policy = PLAIN.attempt_timeout(secs(5));
    assert_eq!(printed(&policy.deadline(secs(10))), "10s");
    assert_eq!(printed(&policy.deadline(secs(60))), "19s");
    assert_eq!(printed(&policy.unlimited().deadline(secs(60))), "1m");
}

#[test]
fn without_a_limit_on_attempts_only_a_deadline_bounds_the_call() {
    let worst = PLAIN.unlimited().attempt_timeout(secs(5)).worst_case();
    assert_eq!(worst.to_string(), "unbounded");
    assert_eq!((worst.attempts, worst.bounded), (None, None));
    let worst = PLAIN.unlimited().deadline(secs(60)).worst_case();
    assert_eq!(worst.to_string(), "1m + last attempt");
    assert_eq!(worst.attempts, None);
}

#[test]
fn caps_on_all_classes_limit_an_unlimited_policy() {
    let twice = ClassRule::new().attempts(2);
    let never = ClassRule::never();
    let policy = PLAIN
        .unlimited()
        .class(ErrorClass::Transient, twice)
        .class(ErrorClass::ServerError, twice)
        .class(ErrorClass::RateLimit, never)
        .class(ErrorClass::Concurrency, never);
    // One retry each of a transient, a server's and an unknown failure.
    assert_eq!(policy.worst_case().attempts, Some(4));
    assert_eq!(printed(&policy), "6s + 4 attempts");
}

#[test]
fn a_hint_may_be_the_longest_wait() {
    let policy = PLAIN.retry_after(RetryAfter::Honor);
    assert_eq!(printed(&policy), "4m + 3 attempts");
    assert_eq!(
        printed(&policy.retry_after_max(secs(1))),
        "4s + 3 attempts",
        "a failure may come without a hint"
    );
}

#[test]
fn a_hint_allows_a_retry_that_no_backoff_does() {
    let policy = Policy::new().no_backoff();
    assert_eq!(policy.worst_case().attempts, Some(3));
    assert_eq!(printed(&policy), "4m + 3 attempts");
    let policy = policy.retry_after(RetryAfter::Ignore);
    assert_eq!(policy.worst_case().attempts, Some(1));
    assert_eq!(printed(&policy), "1 attempt");
}

#[test]
fn a_wait_that_has_no_limit_is_unbounded() {
    let policy = PLAIN.backoff(Backoff::custom(|_| Duration::ZERO));
    assert_eq!(printed(&policy), "unbounded");
    assert_eq!(printed(&policy.deadline(secs(9))), "9s + last attempt");
    let policy = PLAIN.backoff(Backoff::custom(|_| Duration::ZERO).max(secs(3)));
    assert_eq!(printed(&policy), "6s + 3 attempts");
    assert_eq!(
        printed(&PLAIN.backoff(Backoff::fixed(Duration::MAX))),
        "unbounded"
    );
}

#[test]
fn beyond_a_hundred_attempts_each_wait_counts_as_the_longest() {
    let policy = PLAIN.attempts(1_001);
    assert_eq!(printed(&policy), "33m 20s + 1001 attempts");
    let spike = Backoff::schedule(const { &[secs(1), secs(3), secs(1)] });
    let policy = PLAIN.backoff(spike);
    assert_eq!(policy.attempts(101).worst_case().bounded, Some(secs(102)));
    assert_eq!(policy.attempts(102).worst_case().bounded, Some(secs(105)));
    let most = PLAIN.attempts(u32::MAX).worst_case();
    assert_eq!(most.uncut_attempts, u32::MAX);
}

#[test]
fn it_keeps_to_the_width_that_is_asked_for() {
    assert_eq!(
        format!("{:>10}|", Policy::NEVER.worst_case()),
        " 1 attempt|"
    );
}

/// How an attempt fails: its class, and the hint of the server.
type Failing = (ErrorClass, Option<Duration>);

const WAYS: [Failing; 4] = [
    (ErrorClass::Transient, None),
    (ErrorClass::Transient, Some(secs(90))),
    (ErrorClass::RateLimit, None),
    (ErrorClass::RateLimit, Some(secs(1_000))),
];

/// How long a call takes whose attempts take so long and fail in these ways, the last of them again and again; and how many there are.
fn call(policy: &Policy, attempt: Duration, ways: &[Failing]) -> (Duration, u32) {
    let clock = ManualClock::new();
    let mut failures = 0..;
    let outcome = policy
        .call("test")
        .classify(|(class, hint): &Failing| {
            let class = Classification::new(*class);
            hint.map_or(class, |hint| class.with_retry_after(hint))
        })
        .clock(&clock)
        .sleeper(&clock)
        .seed(7)
        .execute_blocking(|| {
            clock.advance(attempt);
            let n: usize = failures.next().expect("it has no end");
            Err::<(), _>(ways[n.min(ways.len() - 1)])
        });
    (clock.elapsed(), outcome.attempts())
}

/// All ways in which three failures can follow each other.
fn mixes() -> impl Iterator<Item = [Failing; 3]> {
    (0..WAYS.len().pow(3)).map(|mix| [WAYS[mix % 4], WAYS[mix / 4 % 4], WAYS[mix / 16]])
}

fn any_backoff() -> impl Strategy<Value = Backoff> {
    const SPIKE: Backoff = Backoff::schedule(&[secs(1), secs(50), secs(0)]);
    (0..4, 0_u64..60).prop_map(|(kind, base)| match kind {
        0 => Backoff::fixed(secs(base)),
        1 => Backoff::linear(secs(base)).jitter(Jitter::None),
        2 => Backoff::exponential(secs(base)).jitter(Jitter::None),
        _ => SPIKE,
    })
}

proptest! {
    #[test]
    fn the_longest_of_all_calls_is_the_worst_case(
        own in any_backoff(), limited in any_backoff(), attempts in 1_u32..5, cap in 1_u32..5,
        honor in any::<bool>(), longest in 1_u64..200,
    ) {
        let hints = if honor { RetryAfter::Honor } else { RetryAfter::Ignore };
        let policy = Policy::new()
            .attempts(attempts.max(cap))
            .backoff(own)
            .class(ErrorClass::RateLimit, ClassRule::new().attempts(cap).backoff(limited))
            .class(ErrorClass::ServerError, ClassRule::never())
            .class(ErrorClass::Concurrency, ClassRule::never())
            .class(ErrorClass::Unknown, ClassRule::never())
            .retry_after(hints)
            .retry_after_max(secs(longest));
        let calls = || mixes().map(|mix| call(&policy, Duration::ZERO, &mix));
        let WorstCase { attempts, bounded, .. } = policy.worst_case_blocking();
        prop_assert_eq!(calls().map(|(_, attempts)| attempts).max(), attempts);
        let longest = calls().map(|(elapsed, _)| elapsed).max();
        // A hint is followed with jitter, which seldom is as long as it can be.
        if honor {
            prop_assert!(longest <= bounded);
        } else {
            prop_assert_eq!(longest, bounded);
        }
    }

    #[test]
    fn no_call_outlives_its_deadline_by_more_than_one_attempt(
        own in any_backoff(), attempt in 0_u64..40, deadline in 1_u64..200,
    ) {
        let policy = Policy::new().unlimited().backoff(own).deadline(secs(deadline));
        let worst = policy.worst_case_blocking();
        prop_assert_eq!((worst.bounded, worst.uncut_attempts), (Some(secs(deadline)), 1));
        // Attempts that take no time would be made forever where no wait takes any either.
        let attempt = secs(attempt.max(1));
        for mix in mixes() {
            let (elapsed, _) = call(&policy, attempt, &mix);
            prop_assert!(elapsed < secs(deadline) + attempt);
        }
    }
}
