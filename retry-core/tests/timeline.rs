//! The attempts of a call, recorded in its outcome.

mod support;

use std::future::pending;

use retry_core::testing::ManualClock;
use retry_core::{AttemptRecord, Cause, ErrorClass, SleepDecision};
use support::{
    AT_ONCE, EACH_SECOND, Failure, RATE_LIMIT, Script, TRANSIENT, millis, poll_to_end, secs,
};

fn describe(error: &Failure, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    write!(formatter, "{error:?}")
}

#[test]
fn every_attempt_is_recorded_with_what_became_of_it() {
    let clock = ManualClock::new();
    let script = Script::new([Err(TRANSIENT), Err(RATE_LIMIT), Ok(7)]).taking(millis(100), &clock);
    let call = EACH_SECOND
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .describe(describe)
        .timeline(10);
    let outcome = call.execute_blocking(|| script.attempt());
    let lines: Vec<_> = outcome.timeline().iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "attempt 1 at 0ns took 100ms: transient error \"Of(Transient)\", then slept 1s",
            "attempt 2 at 1.1s took 100ms: rate_limit error \"Of(RateLimit)\", then slept 1s",
            "attempt 3 at 2.2s took 100ms: success",
        ]
    );
    let first: &AttemptRecord = outcome.timeline().iter().next().expect("there are three");
    assert_eq!(first.number, 1);
    assert_eq!(first.start, secs(0));
    assert_eq!(first.duration, millis(100));
    assert_eq!(first.class, Some(ErrorClass::Transient));
    assert_eq!(first.cause, Some(Cause::Error));
    assert_eq!(first.error.as_deref(), Some("Of(Transient)"));
    assert_eq!(first.delay, Some(secs(1)));
    assert_eq!(outcome.timeline().len(), 3);
    assert_eq!(outcome.timeline().omitted(), 0);
}

#[test]
fn the_last_failure_has_no_delay() {
    let clock = ManualClock::new();
    let policy = EACH_SECOND.attempts(2);
    let call = policy
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .timeline(10);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    let delays: Vec<_> = outcome.timeline().iter().map(|it| it.delay).collect();
    assert_eq!(delays, [Some(secs(1)), None]);
}

#[test]
fn a_deferred_attempt_has_no_delay() {
    let call = EACH_SECOND
        .call("test")
        .timeline(10)
        .on_sleep(|_, _| SleepDecision::Defer);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    let delays: Vec<_> = outcome.timeline().iter().map(|it| it.delay).collect();
    assert_eq!(delays, [None]);
}

#[test]
fn a_sleep_that_was_cut_by_an_abort_is_no_delay() {
    let clock = ManualClock::new();
    let aborted = || clock.elapsed() >= millis(100);
    let call = EACH_SECOND
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .abort(&aborted)
        .timeline(10);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    let delays: Vec<_> = outcome.timeline().iter().map(|it| it.delay).collect();
    assert_eq!(delays, [None], "no attempt followed");
}

#[test]
fn values_and_timeouts_are_recorded() {
    let clock = ManualClock::new();
    let policy = EACH_SECOND.attempt_timeout(secs(2)).attempts(2);
    let call = policy
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .retry_until(|_: &u8| false)
        .timeline(10);
    let mut runs = 0;
    let outcome = poll_to_end(call.execute(|| {
        runs += 1;
        let first = runs == 1;
        async move {
            if first {
                return Ok::<_, Failure>(7);
            }
            pending().await
        }
    }));
    let lines: Vec<_> = outcome.timeline().iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "attempt 1 at 0ns took 0ns: transient value, then slept 1s",
            "attempt 2 at 1s took 2s: transient timeout",
        ]
    );
}

#[test]
fn the_latest_attempts_are_kept_and_the_others_counted() {
    let policy = AT_ONCE.attempts(10);
    let call = policy.call("test").timeline(3);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    let numbers: Vec<_> = outcome.timeline().iter().map(|it| it.number).collect();
    assert_eq!(numbers, [8, 9, 10]);
    assert_eq!(outcome.timeline().omitted(), 7);
}

#[test]
fn an_unlimited_policy_does_not_make_the_timeline_grow() {
    let mut results = vec![Err(TRANSIENT); 10_000];
    results.push(Ok(7));
    let script = Script::new(results);
    let policy = AT_ONCE.unlimited();
    let call = policy.call("test").timeline(5);
    let outcome = call.execute_blocking(|| script.attempt());
    assert_eq!(outcome.attempts(), 10_001);
    assert_eq!(outcome.timeline().len(), 5);
    assert_eq!(outcome.timeline().omitted(), 9_996);
}

#[test]
fn a_limit_of_zero_only_counts() {
    let call = AT_ONCE.call("test").timeline(0);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert!(outcome.timeline().is_empty());
    assert_eq!(outcome.timeline().omitted(), 3);
}

#[test]
fn a_call_that_never_ran_has_no_attempts() {
    let call = AT_ONCE.call("test").abort(&|| true).timeline(5);
    let outcome = call.execute_blocking(|| Ok::<_, Failure>(7));
    assert!(outcome.timeline().is_empty());
    assert_eq!(outcome.timeline().omitted(), 0);
}

#[test]
fn without_a_limit_nothing_is_recorded() {
    let outcome = AT_ONCE
        .call("test")
        .execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert!(outcome.timeline().is_empty());
    assert_eq!(outcome.timeline().omitted(), 0);
}
