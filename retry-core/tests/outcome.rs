//! What is known about a call that has ended: `Outcome`, `Stopped`, and the errors made of it.

mod support;

use std::error::Error;
use std::future::pending;
use std::io;
use std::mem::size_of;
use std::time::Duration;

use retry_core::testing::ManualClock;
use retry_core::{
    Cause, Classify, ErrorClass, Outcome, Policy, SleepDecision, StopReason, Stopped,
};
use support::{
    AT_ONCE, EACH_SECOND, Failure, PERMANENT, Script, TRANSIENT, millis, poll_to_end, secs,
};

/// What an outcome says, all of it but the timeline.
#[derive(Debug, PartialEq)]
struct Said {
    success: bool,
    value: Option<u8>,
    last_error: Option<Failure>,
    last_value: Option<u8>,
    stop_reason: Option<StopReason>,
    attempts: u32,
    elapsed: Duration,
    last_class: Option<ErrorClass>,
    next_delay: Option<Duration>,
}

const NOTHING: Said = Said {
    success: false,
    value: None,
    last_error: None,
    last_value: None,
    stop_reason: None,
    attempts: 0,
    elapsed: Duration::ZERO,
    last_class: None,
    next_delay: None,
};

fn said(outcome: &Outcome<u8, Failure>) -> Said {
    assert!(outcome.timeline().is_empty());
    Said {
        success: outcome.is_success(),
        value: outcome.value().copied(),
        last_error: outcome.last_error().cloned(),
        last_value: outcome.last_value().copied(),
        stop_reason: outcome.stop_reason(),
        attempts: outcome.attempts(),
        elapsed: outcome.elapsed(),
        last_class: outcome.last_class(),
        next_delay: outcome.next_delay(),
    }
}

// The ends.

#[test]
fn a_success() {
    let clock = ManualClock::new();
    let call = EACH_SECOND.call("test").clock(&clock).sleeper(&clock);

    let outcome = call.execute_blocking(|| Ok(7));
    let expected = Said {
        success: true,
        value: Some(7),
        attempts: 1,
        ..NOTHING
    };
    assert_eq!(said(&outcome), expected);
    assert_eq!(outcome.into_result(), Ok(7));

    let script = Script::new([Err(TRANSIENT), Ok(7)]);
    let outcome = call.execute_blocking(|| script.attempt());
    let expected = Said {
        success: true,
        value: Some(7),
        attempts: 2,
        elapsed: secs(1),
        last_class: Some(ErrorClass::Transient),
        ..NOTHING
    };
    assert_eq!(said(&outcome), expected);
}

#[test]
fn an_error() {
    let clock = ManualClock::new();
    let call = EACH_SECOND.call("test").clock(&clock).sleeper(&clock);
    let outcome = call.execute_blocking(|| Err(TRANSIENT));
    let expected = Said {
        last_error: Some(TRANSIENT),
        stop_reason: Some(StopReason::MaxAttemptsGlobal),
        attempts: 3,
        elapsed: secs(2),
        last_class: Some(ErrorClass::Transient),
        ..NOTHING
    };
    assert_eq!(said(&outcome), expected);
    assert_eq!(outcome.into_result(), Err(TRANSIENT));
}

#[test]
fn a_value_that_is_not_acceptable() {
    let clock = ManualClock::new();
    let policy = EACH_SECOND.attempts(1);
    let call = policy
        .call("test")
        .clock(&clock)
        .retry_until(|_: &u8| false);
    let outcome = call.execute_blocking(|| Ok(7));
    let expected = Said {
        last_value: Some(7),
        stop_reason: Some(StopReason::MaxAttemptsGlobal),
        attempts: 1,
        last_class: Some(ErrorClass::Transient),
        ..NOTHING
    };
    assert_eq!(said(&outcome), expected);
    let Err(Failure::Stopped(stopped)) = outcome.into_result() else {
        panic!("it ended without an error");
    };
    assert_eq!(stopped.cause(), Some(Cause::Value));
}

#[test]
fn a_timeout() {
    let clock = ManualClock::new();
    let policy = EACH_SECOND.attempts(1).attempt_timeout(secs(2));
    let call = policy.call("test").clock(&clock).sleeper(&clock);
    let outcome = poll_to_end(call.execute(pending::<Result<u8, Failure>>));
    let expected = Said {
        stop_reason: Some(StopReason::MaxAttemptsGlobal),
        attempts: 1,
        elapsed: secs(2),
        last_class: Some(ErrorClass::Transient),
        ..NOTHING
    };
    assert_eq!(said(&outcome), expected);
}

#[test]
fn an_abort_before_the_first_attempt() {
    let call = AT_ONCE.call("test").abort(&|| true);
    let outcome = call.execute_blocking(|| Ok(7));
    let elapsed = outcome.elapsed();
    let expected = Said {
        stop_reason: Some(StopReason::Aborted),
        elapsed,
        ..NOTHING
    };
    assert_eq!(said(&outcome), expected);
}

#[test]
fn a_deferred_retry() {
    let clock = ManualClock::new();
    let call = EACH_SECOND
        .call("test")
        .clock(&clock)
        .on_sleep(|_, _| SleepDecision::Defer);
    let outcome = call.execute_blocking(|| Err(TRANSIENT));
    let expected = Said {
        last_error: Some(TRANSIENT),
        stop_reason: Some(StopReason::Scheduled),
        attempts: 1,
        last_class: Some(ErrorClass::Transient),
        next_delay: Some(secs(1)),
        ..NOTHING
    };
    assert_eq!(said(&outcome), expected);
}

#[test]
fn run_and_execute_end_alike() {
    let results = [
        Ok(7),
        Err(PERMANENT),
        Err(Failure::Hint(ErrorClass::Permanent, secs(1))),
    ];
    for result in results {
        let run = AT_ONCE.call("test").run_blocking(|| result.clone());
        let executed = AT_ONCE.call("test").execute_blocking(|| result.clone());
        assert_eq!(run, executed.into_result());
    }
}

#[test]
fn an_outcome_needs_no_way_from_a_stop_to_the_error() {
    // `u8` is not made of `Stopped`.
    let call = AT_ONCE.call("test").abort(&|| true).retry_if(|_: &u8| true);
    let outcome = call.execute_blocking(|| Ok(()));
    assert_eq!(outcome.into_result_or_else(|_| 9), Err(9));
}

#[test]
fn the_names_of_the_reasons_are_stable() {
    let names = [
        (StopReason::MaxAttemptsGlobal, "max_attempts_global"),
        (StopReason::MaxAttemptsPerClass, "max_attempts_per_class"),
        (StopReason::DeadlineExceeded, "deadline_exceeded"),
        (StopReason::MaxUnknownAttempts, "max_unknown_attempts"),
        (StopReason::NonRetryableClass, "non_retryable_class"),
        (StopReason::NoStrategy, "no_strategy"),
        (StopReason::BudgetExhausted, "budget_exhausted"),
        (StopReason::Scheduled, "scheduled"),
        (StopReason::Aborted, "aborted"),
        (StopReason::CircuitOpen, "circuit_open"),
        (StopReason::BulkheadFull, "bulkhead_full"),
    ];
    for (reason, name) in names {
        assert_eq!(reason.as_str(), name);
        assert_eq!(reason.to_string(), name);
    }
}

// Stopped.

fn stopped_by_values(policy: &Policy) -> Stopped {
    let clock = ManualClock::new();
    policy
        .call("poll_job")
        .clock(&clock)
        .sleeper(&clock)
        .retry_if(|_: &Stopped| true)
        .retry_until(|_: &u8| false)
        .run_blocking(|| Ok(7))
        .unwrap_err()
}

fn stopped_by_timeouts(policy: &Policy) -> Stopped {
    let clock = ManualClock::new();
    let call = policy
        .call("poll_job")
        .clock(&clock)
        .sleeper(&clock)
        .retry_if(|_: &Stopped| true);
    poll_to_end(call.run(pending::<Result<u8, Stopped>>)).unwrap_err()
}

fn stopped_by_abort() -> Stopped {
    let clock = ManualClock::new();
    AT_ONCE
        .call("poll_job")
        .clock(&clock)
        .abort(&|| true)
        .retry_if(|_: &Stopped| true)
        .run_blocking(|| Ok(7))
        .unwrap_err()
}

#[test]
fn a_stop_is_one_pointer_wide() {
    assert_eq!(size_of::<Stopped>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Stopped>>(), size_of::<usize>());
}

#[test]
fn a_stop_knows_the_call() {
    let stopped = stopped_by_values(&EACH_SECOND);
    assert_eq!(stopped.reason(), StopReason::MaxAttemptsGlobal);
    assert_eq!(stopped.operation(), "poll_job");
    assert_eq!(stopped.attempts(), 3);
    assert_eq!(stopped.elapsed(), secs(2));
    assert_eq!(stopped.class(), Some(ErrorClass::Transient));
    assert_eq!(stopped.cause(), Some(Cause::Value));
    assert_eq!(stopped.retry_after(), None);
    assert_eq!(stopped.clone(), stopped);
}

#[test]
fn a_stop_reads_as_a_sentence() {
    assert_eq!(
        stopped_by_values(&EACH_SECOND).to_string(),
        "poll_job stopped after 3 attempts in 2s: max_attempts_global, the last value was not acceptable"
    );
    assert_eq!(
        stopped_by_timeouts(&EACH_SECOND.attempts(1).attempt_timeout(millis(500))).to_string(),
        "poll_job stopped after 1 attempt in 500ms: max_attempts_global, the last attempt timed out"
    );
    assert_eq!(
        stopped_by_abort().to_string(),
        "poll_job stopped after 0 attempts in 0ns: aborted"
    );
}

#[test]
fn a_stop_shows_all_it_knows() {
    assert_eq!(
        format!("{:?}", stopped_by_abort()),
        "Stopped { reason: Aborted, operation: \"poll_job\", attempts: 0, elapsed: 0ns, class: None, cause: None, retry_after: None, guard: None }"
    );
}

#[test]
fn an_io_error_made_of_a_stop_has_a_kind_and_keeps_it() {
    let stops = [
        (stopped_by_values(&EACH_SECOND), io::ErrorKind::Other),
        (stopped_by_abort(), io::ErrorKind::Other),
        (
            stopped_by_values(&EACH_SECOND.deadline(millis(500))),
            io::ErrorKind::TimedOut,
        ),
        (
            stopped_by_timeouts(&EACH_SECOND.attempt_timeout(secs(2))),
            io::ErrorKind::TimedOut,
        ),
    ];
    for (stopped, kind) in stops {
        let error = io::Error::from(stopped.clone());
        assert_eq!(error.kind(), kind, "{stopped}");
        assert_eq!(error.to_string(), stopped.to_string());
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Stopped>());
        assert_eq!(inner, Some(&stopped));
    }
}

// A stop, classified.

#[test]
fn a_stop_is_permanent_however_it_is_wrapped() {
    for stopped in [
        stopped_by_values(&EACH_SECOND),
        stopped_by_timeouts(&EACH_SECOND.attempt_timeout(secs(2))),
        stopped_by_abort(),
    ] {
        let boxed: Box<dyn Error> = stopped.clone().into();
        let shared: Box<dyn Error + Send + Sync> = stopped.clone().into();
        let io = io::Error::from(stopped.clone());
        let boxed_io: Box<dyn Error> = io::Error::from(stopped.clone()).into();
        let io_of_io = io::Error::other(io::Error::from(stopped.clone()));
        for class in [
            stopped.classify().class,
            boxed.classify().class,
            shared.classify().class,
            io.classify().class,
            boxed_io.classify().class,
            io_of_io.classify().class,
        ] {
            assert_eq!(class, ErrorClass::Permanent, "{stopped}");
        }
    }
}

#[test]
fn an_outer_call_does_not_multiply_the_retries_of_an_inner_one() {
    let inner = Script::new([Ok::<_, io::Error>(7)].map(|result| result.map_err(|_| ())));
    let outer = AT_ONCE.call("outer").execute_blocking(|| {
        AT_ONCE
            .call("inner")
            .retry_until(|_: &u8| false)
            .run_blocking(|| inner.attempt().map_err(|()| io::Error::other("never")))
    });
    assert_eq!(inner.runs(), 3);
    assert_eq!(outer.attempts(), 1);
    assert_eq!(outer.stop_reason(), Some(StopReason::NonRetryableClass));
}

#[test]
fn an_outer_call_does_not_multiply_the_timeouts_of_an_inner_one() {
    let clock = ManualClock::new();
    let policy = EACH_SECOND.attempt_timeout(secs(2));
    let inner = policy.call("inner").clock(&clock).sleeper(&clock);
    let outer = EACH_SECOND.call("outer").clock(&clock).sleeper(&clock);
    let outcome = poll_to_end(outer.execute(|| async {
        let result: Result<u8, Box<dyn Error + Send + Sync>> = inner
            .run(pending::<io::Result<u8>>)
            .await
            .map_err(Into::into);
        result
    }));
    assert_eq!(outcome.attempts(), 1);
    assert_eq!(outcome.stop_reason(), Some(StopReason::NonRetryableClass));
    assert_eq!(clock.elapsed(), secs(2 + 1 + 2 + 1 + 2));
}
