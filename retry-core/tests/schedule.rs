//! What a policy amounts to, row by row.

use std::time::Duration;

use proptest::prelude::*;
use retry_core::{Backoff, ClassRule, ErrorClass, Jitter, Policy, RetryAfter, Schedule};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const SECOND: Duration = secs(1);

/// Number, earliest and latest start of each attempt, in seconds.
fn rows(schedule: &Schedule) -> Vec<(u32, u64, u64)> {
    schedule
        .attempts()
        .iter()
        .map(|row| (row.number, row.earliest.as_secs(), row.latest.as_secs()))
        .collect()
}

#[test]
fn the_table_prints_what_matters() {
    let policy = Policy::new()
        .attempts(5)
        .deadline(secs(150))
        .attempt_timeout(secs(20))
        .backoff(Backoff::exponential(SECOND).jitter(Jitter::Equal))
        .class(
            ErrorClass::RateLimit,
            ClassRule::new()
                .attempts(2)
                .backoff(Backoff::fixed(Duration::from_millis(12_345))),
        );
    assert_eq!(
        policy.schedule().to_string(),
        "\
attempt  earliest   latest
      1        0s       0s
      2     500ms  32.345s
      3      1.5s  53.345s
      4      3.5s   1m 15s
      5      7.5s   1m 39s
at the latest when every attempt takes its whole timeout of 20s
no attempt starts after the deadline of 2m 30s
a server's Retry-After can replace each delay, by up to 2m
"
    );
}

#[test]
fn an_unlimited_policy_shows_ten_rows_and_that_there_are_more() {
    let policy = Policy::new()
        .unlimited()
        .backoff(Backoff::fixed(SECOND))
        .retry_after(RetryAfter::Ignore);
    let schedule = policy.schedule();
    assert!(schedule.is_truncated());
    assert_eq!(schedule.attempts().len(), 10);
    assert_eq!(
        schedule.to_string(),
        "\
attempt  earliest  latest
      1        0s      0s
      2        1s      1s
      3        2s      2s
      4        3s      3s
      5        4s      4s
      6        5s      5s
      7        6s      6s
      8        7s      7s
      9        8s      8s
     10        9s      9s
      …
without the time that attempts take
"
    );
}

#[test]
fn many_attempts_show_a_hundred_rows_and_that_there_are_more() {
    let policy = Policy::new().backoff(Backoff::none());
    let hundred = policy.attempts(100).schedule();
    assert_eq!(
        (hundred.attempts().len(), hundred.is_truncated()),
        (100, false)
    );
    let more = policy.attempts(101).schedule();
    assert_eq!((more.attempts().len(), more.is_truncated()), (100, true));
    let most = policy.attempts(u32::MAX).schedule();
    assert_eq!((most.attempts().len(), most.is_truncated()), (100, true));
}

#[test]
fn attempts_that_cannot_start_before_the_deadline_are_not_listed() {
    let policy = Policy::new()
        .unlimited()
        .backoff(Backoff::fixed(secs(10)))
        .deadline(secs(30));
    let schedule = policy.schedule();
    assert_eq!(rows(&schedule), [(1, 0, 0), (2, 10, 10), (3, 20, 20)]);
    assert!(!schedule.is_truncated());
}

#[test]
fn a_latest_start_is_never_after_the_deadline() {
    let policy = Policy::new()
        .backoff(Backoff::exponential(secs(10)))
        .deadline(secs(15));
    assert_eq!(
        rows(&policy.schedule()),
        [(1, 0, 0), (2, 0, 10), (3, 0, 15)]
    );
}

#[test]
fn attempts_before_take_their_whole_timeout_at_the_latest() {
    let policy = Policy::new()
        .backoff(Backoff::fixed(SECOND))
        .attempt_timeout(secs(5));
    assert_eq!(rows(&policy.schedule()), [(1, 0, 0), (2, 1, 6), (3, 2, 12)]);
}

#[test]
fn the_mix_of_classes_that_waits_longest_is_the_latest() {
    let policy = Policy::new()
        .attempts(4)
        .backoff(Backoff::fixed(SECOND))
        .class(
            ErrorClass::RateLimit,
            ClassRule::new()
                .attempts(2)
                .backoff(Backoff::fixed(secs(60))),
        );
    // One rate limit at most, then the other delays.
    assert_eq!(
        rows(&policy.schedule()),
        [(1, 0, 0), (2, 1, 60), (3, 2, 61), (4, 3, 62)]
    );
}

#[test]
fn attempts_that_the_caps_of_the_classes_rule_out_are_not_listed() {
    let never = ClassRule::never();
    let policy = Policy::new()
        .attempts(9)
        .backoff(Backoff::fixed(SECOND))
        .class(ErrorClass::Concurrency, never)
        .class(ErrorClass::RateLimit, never)
        .class(ErrorClass::ServerError, never)
        .class(ErrorClass::Transient, ClassRule::new().attempts(2));
    // One retry of a transient failure and one of an unknown.
    assert_eq!(rows(&policy.schedule()), [(1, 0, 0), (2, 1, 1), (3, 2, 2)]);
}

#[test]
fn a_policy_that_never_retries_has_one_row_and_no_hint() {
    assert_eq!(
        Policy::NEVER.schedule().to_string(),
        "\
attempt  earliest  latest
      1        0s      0s
without the time that attempts take
"
    );
}

#[test]
fn without_a_backoff_only_the_first_attempt_has_a_time() {
    let schedule = Policy::new().no_backoff().schedule();
    assert_eq!(rows(&schedule), [(1, 0, 0)]);
    assert!(schedule.to_string().contains("a server's Retry-After"));
}

#[test]
fn a_custom_backoff_without_a_maximum_is_unbounded() {
    let policy = Policy::new().backoff(Backoff::custom(|_| SECOND));
    let schedule = policy.schedule();
    assert_eq!(schedule.attempts()[2].latest, Duration::MAX);
    assert!(schedule.to_string().contains("3        0s  unbounded"));
}

#[test]
fn long_times_are_readable() {
    let policy = Policy::new().backoff(Backoff::fixed(secs(90_061)));
    let table = policy.schedule().to_string();
    assert!(table.contains("1d 1h 1m 1s"), "{table}");
    let policy = Policy::new().backoff(Backoff::fixed(Duration::from_nanos(1_500)));
    assert!(policy.schedule().to_string().contains("1.5µs"));
}

const SHRINKING: Backoff = Backoff::schedule(&[secs(7), secs(1), secs(4), secs(2)]);
const SPIKE: Backoff = Backoff::schedule(&[secs(1), secs(50), secs(0)]);

fn any_backoff() -> impl Strategy<Value = Backoff> {
    (0..6, 0_u64..6).prop_map(|(kind, base)| match kind {
        0 => Backoff::fixed(secs(base)),
        1 => Backoff::linear(secs(base)).jitter(Jitter::None),
        2 => Backoff::exponential(secs(base)).jitter(Jitter::Equal),
        3 => Backoff::decorrelated(secs(base)),
        4 => SHRINKING,
        _ => SPIKE,
    })
}

/// All sums of `retries` delays, where every failure may be of either class.
fn sums(
    own: Backoff,
    limited: Backoff,
    cap: u32,
    retries: u32,
    end: fn((Duration, Duration)) -> Duration,
) -> Vec<Duration> {
    (0..1_u32 << retries)
        .filter(|mix| mix.count_ones() < cap)
        .map(|mix| {
            let (mut of_own, mut of_limited) = (0, 0);
            (0..retries)
                .map(|failure| {
                    if mix >> failure & 1 == 1 {
                        of_limited += 1;
                        end(limited.bounds(of_limited))
                    } else {
                        of_own += 1;
                        end(own.bounds(of_own))
                    }
                })
                .sum()
        })
        .collect()
}

proptest! {
    #[test]
    fn every_row_is_the_best_and_the_worst_of_all_mixes(
        own in any_backoff(), limited in any_backoff(), cap in 1_u32..7, attempts in 1_u32..8,
    ) {
        let policy = Policy::new()
            .attempts(attempts.max(cap))
            .backoff(own)
            .class(ErrorClass::RateLimit, ClassRule::new().attempts(cap).backoff(limited));
        for (retries, row) in (0..).zip(policy.schedule().attempts()) {
            let earliest = sums(own, limited, cap, retries, |bounds| bounds.0);
            prop_assert_eq!(Some(row.earliest), earliest.into_iter().min());
            let latest = sums(own, limited, cap, retries, |bounds| bounds.1);
            prop_assert_eq!(Some(row.latest), latest.into_iter().max());
        }
    }

    #[test]
    fn rows_are_in_order(own in any_backoff(), limited in any_backoff(), attempts in 2_u32..30) {
        let schedule = Policy::new()
            .attempts(attempts)
            .backoff(own)
            .class(ErrorClass::RateLimit, ClassRule::new().backoff(limited))
            .schedule();
        prop_assert_eq!(schedule.attempts().len(), attempts as usize);
        for pair in schedule.attempts().windows(2) {
            prop_assert_eq!(pair[0].number + 1, pair[1].number);
            prop_assert!(pair[0].earliest <= pair[1].earliest);
            prop_assert!(pair[0].latest <= pair[1].latest);
        }
    }
}
