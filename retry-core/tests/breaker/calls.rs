//! The circuit in calls, sync and async: what votes, when, and what the call and its observers learn.

use std::cell::Cell;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use retry_core::testing::{ManualClock, Recorder};
use retry_core::time::Wait;
use retry_core::{
    AbortSignal, Backoff, CircuitBreaker, CircuitState, Classification, ErrorClass, EventKind,
    Policy, Sleep, SleepDecision, StopReason,
};

use super::support::{
    AT_ONCE, EACH_HOUR, EACH_SECOND, Failure, PERMANENT, RATE_LIMIT, SERVER_ERROR, TRANSIENT,
    poll_once, poll_to_end, secs,
};
use super::{Steps, assert_closed, assert_half_open, assert_open, virtual_time};

type Answer = Result<u8, Failure>;

// Per attempt.

#[test]
fn each_attempt_votes() {
    let breaker = CircuitBreaker::new("payments").consecutive(3);
    let policy = AT_ONCE.attempts(10);
    let call = policy.call("pay").breaker(&breaker);
    let outcome = call.execute_blocking(|| Answer::Err(TRANSIENT));
    assert_eq!(outcome.attempts(), 3);
    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
}

#[test]
fn a_success_after_failures_votes_for_each() {
    let breaker = CircuitBreaker::new("payments").failure_rate(1.0, 3, secs(60));
    let runs = Cell::new(0);
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let outcome = call.execute_blocking(|| {
        runs.set(runs.get() + 1);
        if runs.get() < 3 {
            Err(TRANSIENT)
        } else {
            Ok(7)
        }
    });
    assert!(outcome.is_success());
    assert_eq!(breaker.snapshot().failure_rate, Some(2.0 / 3.0));
}

#[test]
fn an_async_call_votes_alike() {
    let clock = ManualClock::new();
    let breaker = CircuitBreaker::new("payments").consecutive(3);
    let policy = EACH_SECOND.attempts(10);
    let call = policy
        .call("pay")
        .clock(&clock)
        .sleeper(&clock)
        .breaker(&breaker);
    let outcome = poll_to_end(call.execute(|| ready(Answer::Err(TRANSIENT))));
    assert_eq!((outcome.attempts(), outcome.elapsed()), (3, secs(2)));
    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));

    clock.advance(secs(30));
    let outcome = poll_to_end(call.execute(|| ready(Answer::Ok(7))));
    assert!(outcome.is_success());
    assert_closed(&breaker);
}

#[cfg(feature = "tokio")]
#[test]
fn an_async_call_reads_the_clock_of_its_runtime() {
    super::support::on_tokio(async {
        let breaker = CircuitBreaker::new("payments").consecutive(1);
        let call = EACH_SECOND.call("pay").breaker(&breaker);
        let _ = call.execute(|| ready(Answer::Err(TRANSIENT))).await;
        tokio::time::sleep(secs(29)).await;
        let outcome = call.execute(|| ready(Answer::Ok(7))).await;
        assert_eq!(outcome.next_delay(), Some(secs(1)));
        tokio::time::sleep(secs(1)).await;
        let outcome = call.execute(|| ready(Answer::Ok(7))).await;
        assert!(outcome.is_success());
        assert_closed(&breaker);
    });
}

#[test]
fn classes_that_do_not_trip_say_nothing() {
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let call = AT_ONCE.call("pay").breaker(&breaker);
    for failure in [RATE_LIMIT, PERMANENT] {
        let _ = call.execute_blocking(|| Answer::Err(failure.clone()));
    }
    assert_closed(&breaker);
}

#[test]
fn a_value_that_is_not_acceptable_votes_as_a_failure() {
    let breaker = CircuitBreaker::new("payments").consecutive(3);
    let call = AT_ONCE
        .call("pay")
        .breaker(&breaker)
        .retry_until(|value| *value > 7);
    let outcome = call.execute_blocking(|| Answer::Ok(7));
    assert_eq!(outcome.last_value(), Some(&7));
    assert_open(&breaker);

    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .trip_on(&[ErrorClass::Unknown]);
    let call = AT_ONCE
        .call("pay")
        .breaker(&breaker)
        .classify_value(|value: &u8| {
            (*value == 7).then_some(Classification::new(ErrorClass::Unknown))
        });
    let _ = call.execute_blocking(|| Answer::Ok(7));
    assert_open(&breaker);
}

#[test]
fn what_is_refused_by_retry_if_votes_by_its_class() {
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let call = AT_ONCE
        .call("pay")
        .breaker(&breaker)
        .classify(|_: &u8| ErrorClass::ServerError)
        .retry_if(|_: &u8| false);
    let _ = call.execute_blocking(|| Err::<(), u8>(1));
    assert_open(&breaker);
}

#[test]
fn a_timeout_votes_as_a_failure() {
    let clock = ManualClock::new();
    let breaker = CircuitBreaker::new("payments").consecutive(2);
    let policy = AT_ONCE.attempts(9).attempt_timeout(secs(2));
    let call = policy
        .call("pay")
        .clock(&clock)
        .sleeper(&clock)
        .breaker(&breaker);
    let outcome = poll_to_end(call.execute(pending::<Answer>));
    assert_eq!((outcome.attempts(), outcome.elapsed()), (2, secs(4)));
    assert_open(&breaker);
}

#[test]
fn the_hint_of_an_error_keeps_the_circuit_open_longer() {
    let _time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let hint = Failure::Hint(ErrorClass::ServerError, secs(100));
    let outcome = call.execute_blocking(|| Answer::Err(hint.clone()));
    assert_eq!(outcome.next_delay(), Some(secs(100)));
}

#[test]
fn slow_attempts_are_slow_whatever_lies_between_them() {
    let clock = ManualClock::new();
    let breaker = CircuitBreaker::new("payments").slow_rate(secs(5), 1.0, 3, secs(3600));
    let call = EACH_SECOND
        .call("pay")
        .clock(&clock)
        .sleeper(&clock)
        .breaker(&breaker);
    let takes = Cell::new(secs(4));
    let run = || {
        call.execute_blocking(|| {
            clock.advance(takes.get());
            Answer::Ok(7)
        })
    };
    (0..3).for_each(|_| drop(run()));
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().state, CircuitState::Closed);
    takes.set(secs(5));
    breaker.reset();
    (0..3).for_each(|_| drop(run()));
    assert_open(&breaker);
}

// Per call.

#[test]
fn per_call_a_call_votes_once_at_its_end() {
    let breaker = CircuitBreaker::new("payments").consecutive(2).per_call();
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let outcome = call.execute_blocking(|| Answer::Err(TRANSIENT));
    assert_eq!(outcome.attempts(), 3);
    assert_eq!(breaker.snapshot().consecutive, 1);
    let outcome = call.execute_blocking(|| Answer::Err(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    assert_open(&breaker);
}

#[test]
fn per_call_a_success_at_last_is_all_that_counts() {
    let breaker = CircuitBreaker::new("payments")
        .failure_rate(0.1, 1, secs(60))
        .per_call();
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let runs = Cell::new(0);
    let outcome = call.execute_blocking(|| {
        runs.set(runs.get() + 1);
        if runs.get() < 3 {
            Err(TRANSIENT)
        } else {
            Ok(7)
        }
    });
    assert!(outcome.is_success());
    assert_eq!(breaker.snapshot().failure_rate, Some(0.0));
}

#[test]
fn per_call_the_last_failure_speaks() {
    let breaker = CircuitBreaker::new("payments").consecutive(1).per_call();
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let runs = Cell::new(0);
    let outcome = call.execute_blocking(|| {
        runs.set(runs.get() + 1);
        Answer::Err(if runs.get() == 2 {
            PERMANENT
        } else {
            SERVER_ERROR
        })
    });
    assert_eq!(outcome.attempts(), 2);
    assert_closed(&breaker);
}

#[test]
fn per_call_holds_for_async_calls_and_their_timeouts() {
    let clock = ManualClock::new();
    let breaker = CircuitBreaker::new("payments").consecutive(2).per_call();
    let policy = AT_ONCE.attempts(4).attempt_timeout(secs(1));
    let call = policy
        .call("pay")
        .clock(&clock)
        .sleeper(&clock)
        .breaker(&breaker);
    let outcome = poll_to_end(call.execute(pending::<Answer>));
    assert_eq!(outcome.attempts(), 4);
    assert_eq!(breaker.snapshot().consecutive, 1);
}

#[test]
fn per_call_a_call_aborted_during_a_sleep_does_not_count() {
    let clock = ManualClock::new();
    let breaker = CircuitBreaker::new("payments").consecutive(1).per_call();
    let aborted = || clock.elapsed() > secs(1);
    let call = EACH_HOUR
        .call("pay")
        .clock(&clock)
        .sleeper(&clock)
        .abort(&aborted)
        .breaker(&breaker);
    let outcome = call.execute_blocking(|| Answer::Err(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert_closed(&breaker);
}

#[test]
fn per_call_a_deferred_call_counts() {
    let breaker = CircuitBreaker::new("payments").consecutive(1).per_call();
    let call = AT_ONCE
        .call("pay")
        .breaker(&breaker)
        .on_sleep(|_, _| SleepDecision::Defer);
    let outcome = call.execute_blocking(|| Answer::Err(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::Scheduled));
    assert_open(&breaker);
}

#[test]
fn no_probe_is_held_during_a_sleep_whoever_votes() {
    for per_call in [false, true] {
        let clock = ManualClock::new();
        let breaker = super::circuit(|settings| {
            settings.consecutive = Some(1);
            settings.per_call = per_call;
        });
        let sleeper = Doing(&clock, &|| {
            assert_half_open(&breaker);
            assert_eq!(breaker.snapshot().probes, 0);
        });
        let call = EACH_HOUR
            .call("pay")
            .clock(&clock)
            .sleeper(&sleeper)
            .breaker(&breaker);
        let refused = Failure::Hint(ErrorClass::RateLimit, secs(1));
        let runs = Cell::new(0);
        breaker.fail();
        clock.advance(secs(3600));
        let outcome = call.execute_blocking(|| {
            runs.set(runs.get() + 1);
            assert_eq!(breaker.snapshot().probes, 1);
            if runs.get() < 3 {
                Err(refused.clone())
            } else {
                Ok(7)
            }
        });
        assert!(outcome.is_success());
        assert_closed(&breaker);
    }
}

// Probes.

#[test]
fn a_call_is_the_probe_and_closes_the_circuit() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    breaker.fail();
    time.pass(secs(30));
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let outcome = call.execute_blocking(|| {
        assert_half_open(&breaker);
        let second = AT_ONCE
            .call("pay")
            .breaker(&breaker)
            .execute_blocking(|| Answer::Ok(8));
        assert_eq!(second.stop_reason(), Some(StopReason::CircuitOpen));
        assert_eq!((second.attempts(), second.next_delay()), (0, None));
        Answer::Ok(7)
    });
    assert!(outcome.is_success());
    assert_closed(&breaker);
}

#[test]
fn a_probe_that_fails_is_not_retried_while_the_circuit_is_open() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    breaker.fail();
    time.pass(secs(30));
    let call = EACH_SECOND.call("pay").breaker(&breaker);
    let outcome = call.execute_blocking(|| Answer::Err(SERVER_ERROR));
    assert_eq!(outcome.attempts(), 1);
    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
    assert_eq!(outcome.next_delay(), Some(secs(30)));
}

#[test]
fn a_probe_with_a_failure_that_says_nothing_is_retried_as_a_probe() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    breaker.fail();
    time.pass(secs(30));
    let runs = Cell::new(0);
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let outcome = call.execute_blocking(|| {
        runs.set(runs.get() + 1);
        assert_half_open(&breaker);
        if runs.get() < 3 {
            Err(RATE_LIMIT)
        } else {
            Ok(7)
        }
    });
    assert!(outcome.is_success());
    assert_closed(&breaker);
}

#[test]
fn dropping_the_future_of_a_probe_gives_the_place_back_and_says_nothing() {
    let time = virtual_time();
    for per_call in [false, true] {
        let breaker = super::circuit(|settings| {
            settings.consecutive = Some(1);
            settings.per_call = per_call;
        });
        breaker.fail();
        time.pass(secs(30));
        let call = AT_ONCE
            .call("pay")
            .clock(&time.clock)
            .sleeper(&time.clock)
            .breaker(&breaker);
        {
            let mut probe = pin!(call.execute(pending::<Answer>));
            let mut context = Context::from_waker(Waker::noop());
            assert!(probe.as_mut().poll(&mut context).is_pending());
            assert_eq!(breaker.snapshot().probes, 1);
        }
        assert_half_open(&breaker);
        assert_eq!(breaker.snapshot().probes, 0);
        assert!(poll_once(call.execute(|| ready(Answer::Ok(7)))).is_success());
        assert_closed(&breaker);
    }
}

#[test]
fn a_panic_of_the_operation_or_of_the_classifier_gives_the_place_back_and_says_nothing() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    breaker.fail();
    time.pass(secs(30));
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        call.execute_blocking(|| -> Answer { panic!("in the operation") })
    }));
    assert!(panicked.is_err());
    assert_half_open(&breaker);
    let call = AT_ONCE
        .call("pay")
        .breaker(&breaker)
        .classify(|_: &u8| -> ErrorClass { panic!("in the classifier") });
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        call.execute_blocking(|| Err::<(), u8>(1))
    }));
    assert!(panicked.is_err());
    assert_half_open(&breaker);
    assert_eq!(breaker.snapshot().probes, 0);
}

#[test]
fn an_abort_after_the_failure_leaves_the_vote() {
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let abort = AbortSignal::new();
    let call = AT_ONCE.call("pay").breaker(&breaker).abort(&abort);
    let outcome = call.execute_blocking(|| {
        abort.abort();
        Answer::Err(TRANSIENT)
    });
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert_open(&breaker);
}

// What comes late.

#[test]
fn a_late_failure_of_an_earlier_state_does_not_open_the_circuit_again() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let outcome = call.execute_blocking(|| {
        if breaker.snapshot().transitions == 0 {
            breaker.fail();
            time.pass(secs(30));
            breaker.succeed();
            assert_closed(&breaker);
            return Err(TRANSIENT);
        }
        Ok(7)
    });
    assert!(
        outcome.is_success(),
        "the circuit is closed, so there is a second attempt"
    );
    assert_closed(&breaker);
}

#[test]
fn a_late_success_of_an_earlier_state_does_not_close_the_circuit() {
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let outcome = call.execute_blocking(|| {
        breaker.fail();
        Answer::Ok(7)
    });
    assert!(outcome.is_success(), "a late success is a success");
    assert_open(&breaker);
}

// What the caller learns.

#[test]
fn a_call_that_is_turned_away_says_so_and_for_how_long() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    breaker.fail();
    time.pass(secs(10));
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let outcome = call.execute_blocking(|| -> Answer { unreachable!("it is turned away") });
    assert_eq!((outcome.attempts(), outcome.last_error()), (0, None));
    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
    assert_eq!(outcome.next_delay(), Some(secs(20)));

    let Err(Failure::Stopped(stopped)) = call.run_blocking(|| Answer::Ok(7)) else {
        panic!("it is turned away");
    };
    assert_eq!(stopped.reason(), StopReason::CircuitOpen);
    assert_eq!(stopped.retry_after(), Some(secs(20)));
    assert_eq!(stopped.attempts(), 0);
    assert_eq!(breaker.snapshot().rejected, 2);
}

#[test]
fn an_async_call_that_is_turned_away_never_waits() {
    let breaker = CircuitBreaker::new("payments");
    breaker.force_open();
    let clock = ManualClock::new();
    let call = AT_ONCE.call("pay").sleeper(&clock).breaker(&breaker);
    let outcome = poll_once(call.execute(pending::<Answer>));
    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
    assert_eq!(outcome.next_delay(), None);
}

#[test]
fn a_circuit_that_opens_during_the_sleep_ends_the_call_with_its_error() {
    let clock = ManualClock::new();
    let breaker = CircuitBreaker::new("payments");
    let sleeper = Doing(&clock, &|| breaker.force_open());
    let call = EACH_SECOND
        .call("pay")
        .clock(&clock)
        .sleeper(&sleeper)
        .breaker(&breaker);
    let outcome = call.execute_blocking(|| Answer::Err(TRANSIENT));
    assert_eq!(outcome.attempts(), 1);
    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    breaker.reset();
    let outcome = poll_to_end(call.execute(|| ready(Answer::Err(TRANSIENT))));
    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
}

/// Does something when it is asked to sleep.
struct Doing<'a>(&'a ManualClock, &'a (dyn Fn() + Send + Sync));

impl Sleep for Doing<'_> {
    fn sleep(&self, duration: Duration) -> Wait<'_> {
        (self.1)();
        self.0.sleep(duration)
    }

    fn sleep_blocking(&self, duration: Duration) {
        (self.1)();
        self.0.sleep_blocking(duration);
    }
}

#[test]
fn a_call_can_be_run_again_with_its_circuit() {
    let breaker = CircuitBreaker::new("payments").consecutive(5);
    let policy = Policy::new().attempts(1);
    let call = policy.call("pay").breaker(&breaker);
    for _ in 0..4 {
        let _ = call.execute_blocking(|| Answer::Err(TRANSIENT));
        assert_closed(&breaker);
    }
    let _ = call.execute_blocking(|| Answer::Err(TRANSIENT));
    assert_open(&breaker);
}

// Events.

#[test]
fn a_transition_is_told_after_the_attempt_and_before_the_end() {
    let time = virtual_time();
    let recorder = Recorder::new();
    let breaker = CircuitBreaker::new("payments").consecutive(2);
    let policy = Policy::new().attempts(5).backoff(Backoff::fixed(secs(40)));
    let call = policy.call("pay").breaker(&breaker).observe(&recorder);
    let _ = call.execute_blocking(|| Answer::Err(TRANSIENT));
    assert_eq!(
        recorder.kinds(),
        [
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::Retry,
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::CircuitOpened,
            EventKind::CircuitRejected,
        ]
    );
    let rejected = recorder.events().pop().expect("an event");
    assert_eq!(rejected.guard.as_deref(), Some("payments"));
    assert_eq!((rejected.attempt, rejected.delay), (2, Some(secs(30))));
    assert_eq!(rejected.stop_reason, Some(StopReason::CircuitOpen));
    assert_eq!(rejected.class, Some(ErrorClass::Transient));

    recorder.clear();
    time.pass(secs(30));
    assert!(call.execute_blocking(|| Answer::Ok(7)).is_success());
    assert_eq!(
        recorder.kinds(),
        [
            EventKind::CircuitHalfOpen,
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::CircuitClosed,
            EventKind::Success,
        ]
    );
    let half_open = &recorder.events()[0];
    assert_eq!((half_open.attempt, half_open.transition), (1, Some(2)));
}

#[test]
fn a_transition_is_told_before_the_retry_that_follows_it() {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    // The circuit stops being open while the observer is told.
    let closes = |event: &retry_core::Event<'_>| {
        if event.kind == EventKind::CircuitOpened {
            breaker.reset();
        }
    };
    let policy = EACH_SECOND.attempts(2);
    let call = policy
        .call("pay")
        .clock(&clock)
        .sleeper(&clock)
        .breaker(&breaker)
        .observe(&recorder)
        .observe(&closes);
    let _ = call.execute_blocking(|| Answer::Err(TRANSIENT));
    assert_eq!(
        recorder.kinds(),
        [
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::CircuitOpened,
            EventKind::Retry,
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::CircuitOpened,
            EventKind::MaxAttemptsExceeded,
        ]
    );
}

#[test]
fn per_call_the_transition_is_told_before_the_terminal_event() {
    let recorder = Recorder::new();
    let breaker = CircuitBreaker::new("payments").consecutive(1).per_call();
    let policy = AT_ONCE.attempts(2);
    let call = policy.call("pay").breaker(&breaker).observe(&recorder);
    let _ = call.execute_blocking(|| Answer::Err(TRANSIENT));
    assert_eq!(
        recorder.kinds(),
        [
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::Retry,
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::CircuitOpened,
            EventKind::MaxAttemptsExceeded,
        ]
    );
}

#[test]
fn a_call_that_is_turned_away_tells_which_circuit_and_for_how_long() {
    let _time = virtual_time();
    let recorder = Recorder::new();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    breaker.fail();
    let call = AT_ONCE.call("pay").breaker(&breaker).observe(&recorder);
    let _ = call.execute_blocking(|| Answer::Ok(7));
    let events = recorder.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, EventKind::CircuitRejected);
    assert_eq!(events[0].guard.as_deref(), Some("payments"));
    assert_eq!((events[0].attempt, events[0].delay), (0, Some(secs(30))));
    assert_eq!(events[0].stop_reason, Some(StopReason::CircuitOpen));
}
