//! The async driver on tokio's paused time: the same machine, plus attempts that are cut.

#![cfg(feature = "tokio")]

mod support;

use std::cell::Cell;
use std::future::pending;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use retry_core::{Backoff, Cause, ErrorClass, Policy, StopReason, Stopped};
use support::{
    AT_ONCE, EACH_HOUR, EACH_SECOND, Failure, PERMANENT, Script, TRANSIENT, millis, on_tokio,
    poll_once, secs,
};
use tokio::time::{Instant, advance, sleep};

/// Cut after two seconds.
const CUT: Policy = EACH_SECOND.attempt_timeout(secs(2));

async fn elapsed_since<F: Future>(future: F) -> (F::Output, Duration) {
    let started = Instant::now();
    let output = future.await;
    (output, started.elapsed())
}

// Retries and delays.

#[test]
fn a_call_retries_until_an_attempt_succeeds() {
    on_tokio(async {
        let script = Script::new([Err(TRANSIENT), Err(TRANSIENT), Ok(7)]);
        let result = EACH_SECOND
            .call("test")
            .run(async || script.attempt())
            .await;
        assert_eq!(result, Ok(7));
        assert_eq!(script.runs(), 3);
    });
}

#[test]
fn the_last_error_is_returned_unwrapped() {
    on_tokio(async {
        let script = Script::new([Err::<(), _>(TRANSIENT), Err(PERMANENT)]);
        let result = EACH_SECOND
            .call("test")
            .run(async || script.attempt())
            .await;
        assert_eq!(result, Err(PERMANENT));
    });
}

#[test]
fn delays_pass_on_tokios_clock() {
    on_tokio(async {
        let call = EACH_SECOND.call("test");
        let (outcome, took) = elapsed_since(call.execute(async || Err::<(), _>(TRANSIENT))).await;
        assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
        assert_eq!(took, secs(2), "the last attempt does not sleep");
        assert_eq!(outcome.elapsed(), secs(2));
    });
}

#[test]
fn the_call_begins_when_it_is_first_polled() {
    on_tokio(async {
        let policy = EACH_SECOND.deadline(secs(10));
        let call = policy.call("test");
        let future = call.execute(async || Err::<(), _>(TRANSIENT));
        advance(secs(60)).await;
        let outcome = future.await;
        assert_eq!(outcome.attempts(), 3);
        assert_eq!(outcome.elapsed(), secs(2));
    });
}

#[test]
fn the_operation_may_borrow_and_change_what_surrounds_it() {
    on_tokio(async {
        let mut runs = 0;
        let name = String::from("ada");
        let result = AT_ONCE
            .call("test")
            .run(|| {
                runs += 1;
                let run = runs;
                let name = &name;
                async move {
                    if run < 3 {
                        Err(TRANSIENT)
                    } else {
                        Ok(name.len())
                    }
                }
            })
            .await;
        assert_eq!(result, Ok(3));
        assert_eq!(runs, 3);
    });
}

// B2 and F7: the deadline.

#[test]
fn the_deadline_is_read_on_tokios_clock() {
    on_tokio(async {
        let policy = EACH_SECOND.deadline(secs(10));
        let outcome = policy
            .call("test")
            .execute(async || {
                advance(secs(20)).await;
                Err::<(), _>(TRANSIENT)
            })
            .await;
        assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
        assert_eq!(outcome.last_error(), Some(&TRANSIENT));
        assert_eq!(outcome.attempts(), 1);
        assert_eq!(outcome.elapsed(), secs(20));
    });
}

#[test]
fn a_delay_that_reaches_the_deadline_is_never_slept() {
    on_tokio(async {
        let policy = EACH_HOUR.deadline(secs(3600));
        let call = policy.call("test");
        let (result, took) = elapsed_since(call.run(async || Err::<(), _>(TRANSIENT))).await;
        assert_eq!(result, Err(TRANSIENT));
        assert_eq!(took, Duration::ZERO);
    });
}

#[test]
fn without_an_attempt_timeout_the_deadline_cuts_nothing() {
    on_tokio(async {
        let policy = EACH_SECOND.deadline(secs(10));
        let call = policy.call("test");

        let late = call.execute(async || {
            sleep(secs(100)).await;
            Ok::<_, Failure>(7)
        });
        assert_eq!(late.await.value(), Some(&7));

        let late = call.execute(async || {
            sleep(secs(100)).await;
            Err::<(), _>(TRANSIENT)
        });
        let outcome = late.await;
        assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
        assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    });
}

// B6: cut at min(attempt timeout, remaining deadline).

#[test]
fn an_attempt_that_takes_too_long_is_cut_and_counted() {
    on_tokio(async {
        let runs = Cell::new(0);
        let call = CUT.call("test");
        let (outcome, took) = elapsed_since(call.execute(|| {
            runs.set(runs.get() + 1);
            pending::<Result<(), Failure>>()
        }))
        .await;
        assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
        assert_eq!(outcome.last_class(), Some(ErrorClass::Transient));
        assert_eq!((outcome.attempts(), runs.get()), (3, 3));
        assert!(outcome.last_error().is_none() && outcome.last_value().is_none());
        assert_eq!(took, secs(2 + 1 + 2 + 1 + 2));
    });
}

#[test]
fn a_call_whose_last_attempt_timed_out_ends_with_a_stop_made_into_its_error() {
    on_tokio(async {
        let result = CUT
            .call("fetch_user")
            .run(pending::<Result<(), Failure>>)
            .await;
        let Err(Failure::Stopped(stopped)) = result else {
            panic!("{result:?}");
        };
        assert_eq!(stopped.reason(), StopReason::MaxAttemptsGlobal);
        assert_eq!(stopped.operation(), "fetch_user");
        assert_eq!(stopped.attempts(), 3);
        assert_eq!(stopped.elapsed(), secs(8));
        assert_eq!(stopped.class(), Some(ErrorClass::Transient));
        assert_eq!(stopped.cause(), Some(Cause::Timeout));
    });
}

#[test]
fn an_io_error_made_of_a_timeout_is_timed_out() {
    on_tokio(async {
        let error = CUT
            .call("test")
            .run(pending::<io::Result<()>>)
            .await
            .expect_err("every attempt is cut");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let stopped = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Stopped>());
        assert_eq!(stopped.map(Stopped::attempts), Some(3));
    });
}

#[test]
fn on_stop_makes_the_error_of_a_timeout() {
    on_tokio(async {
        let result = CUT
            .call("test")
            .retry_if(|_: &String| true)
            .on_stop(|stopped| format!("{} {:?}", stopped.reason(), stopped.cause()))
            .run(pending::<Result<(), String>>)
            .await;
        assert_eq!(result, Err("max_attempts_global Some(Timeout)".to_owned()));
    });
}

#[test]
fn a_timeout_hides_the_error_before_it() {
    on_tokio(async {
        let runs = Cell::new(0);
        let outcome = CUT
            .attempts(2)
            .call("test")
            .execute(async || {
                runs.set(runs.get() + 1);
                if runs.get() == 1 {
                    return Err::<(), _>(TRANSIENT);
                }
                pending().await
            })
            .await;
        assert_eq!(outcome.last_error(), None, "the last failure speaks");
        let Err(Failure::Stopped(stopped)) = outcome.into_result() else {
            panic!("the last failure was a timeout");
        };
        assert_eq!(stopped.cause(), Some(Cause::Timeout));
    });
}

#[test]
fn an_error_after_a_timeout_is_returned_unwrapped() {
    on_tokio(async {
        let runs = Cell::new(0);
        let result = CUT
            .attempts(2)
            .call("test")
            .run(async || {
                runs.set(runs.get() + 1);
                if runs.get() == 2 {
                    return Err::<(), _>(TRANSIENT);
                }
                pending().await
            })
            .await;
        assert_eq!(result, Err(TRANSIENT));
    });
}

#[test]
fn a_timeout_counts_as_transient_against_the_class_cap() {
    on_tokio(async {
        let rule = retry_core::ClassRule::new().attempts(2);
        let outcome = CUT
            .class(ErrorClass::Transient, rule)
            .call("test")
            .execute(pending::<Result<(), Failure>>)
            .await;
        assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsPerClass));
        assert_eq!(outcome.attempts(), 2);
    });
}

#[test]
fn retry_if_is_not_asked_about_timeouts() {
    on_tokio(async {
        let outcome = CUT
            .call("test")
            .retry_if(|_: &Failure| false)
            .execute(pending::<Result<(), Failure>>)
            .await;
        assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    });
}

#[test]
fn each_attempt_has_the_whole_timeout() {
    on_tokio(async {
        // 1.9 s + 5 s of sleep + 1.9 s: neither the first attempt's time nor the sleep counts for the second.
        let policy = CUT.backoff(Backoff::fixed(secs(5)));
        let runs = Cell::new(0);
        let outcome = policy
            .call("test")
            .execute(async || {
                runs.set(runs.get() + 1);
                sleep(millis(1900)).await;
                if runs.get() == 1 {
                    Err(TRANSIENT)
                } else {
                    Ok(runs.get())
                }
            })
            .await;
        assert_eq!(outcome.value(), Some(&2));
    });
}

#[test]
fn a_success_at_the_very_moment_of_the_timeout_is_a_success() {
    on_tokio(async {
        let outcome = CUT
            .call("test")
            .execute(async || {
                sleep(secs(2)).await;
                Ok::<_, Failure>(7)
            })
            .await;
        assert_eq!(outcome.value(), Some(&7));
        assert_eq!(outcome.attempts(), 1);
    });
}

#[test]
fn an_attempt_that_never_waits_is_never_cut() {
    on_tokio(async {
        let clock = retry_core::testing::ManualClock::new();
        let call = CUT.call("test").clock(&clock);
        let result = call
            .run(async || {
                clock.advance(secs(100));
                Ok::<_, Failure>(7)
            })
            .await;
        assert_eq!(result, Ok(7));
    });
}

#[test]
fn a_timeout_counts_the_time_before_the_attempt_first_waits() {
    on_tokio(async {
        let policy = CUT.attempts(1);
        let call = policy.call("test");
        let (outcome, took) = elapsed_since(call.execute(async || {
            // On a current-thread runtime with paused time, as a long computation would be.
            advance(millis(1500)).await;
            pending::<Result<(), Failure>>().await
        }))
        .await;
        assert_eq!(outcome.attempts(), 1);
        assert_eq!(took, secs(2));
    });
}

#[test]
fn the_deadline_cuts_an_attempt_if_there_is_an_attempt_timeout() {
    on_tokio(async {
        let policy = EACH_SECOND.attempt_timeout(secs(10)).deadline(secs(15));
        let call = policy.call("test");
        let (outcome, took) = elapsed_since(call.execute(pending::<Result<(), Failure>>)).await;
        // 10 s, cut by its timeout; 1 s of sleep; 4 s, cut by the deadline.
        assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
        assert_eq!(outcome.attempts(), 2);
        assert_eq!(took, secs(15));
        let Err(Failure::Stopped(stopped)) = outcome.into_result() else {
            panic!("the last failure was a cut");
        };
        assert_eq!(stopped.cause(), Some(Cause::Timeout));
        assert_eq!(stopped.class(), Some(ErrorClass::Transient));
    });
}

#[test]
fn a_cut_by_the_deadline_stops_for_the_deadline_even_on_the_last_attempt() {
    on_tokio(async {
        let policy = EACH_SECOND
            .attempts(1)
            .attempt_timeout(secs(10))
            .deadline(secs(5));
        let outcome = policy
            .call("test")
            .execute(pending::<Result<(), Failure>>)
            .await;
        assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
        assert_eq!(outcome.elapsed(), secs(5));
    });
}

#[test]
fn a_timeout_at_the_very_moment_of_the_deadline_is_a_cut_by_the_deadline() {
    on_tokio(async {
        let policy = EACH_SECOND
            .attempts(2)
            .attempt_timeout(secs(2))
            .deadline(secs(5));
        let call = policy.call("test");
        let outcome = call.execute(pending::<Result<(), Failure>>).await;
        // 2 s, 1 s of sleep, 2 s.
        assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
        assert_eq!(outcome.attempts(), 2);
    });
}

#[test]
fn a_success_at_the_very_moment_of_the_deadline_is_a_success() {
    on_tokio(async {
        let policy = EACH_SECOND.attempt_timeout(secs(10)).deadline(secs(5));
        let outcome = policy
            .call("test")
            .execute(async || {
                sleep(secs(5)).await;
                Ok::<_, Failure>(7)
            })
            .await;
        assert_eq!(outcome.value(), Some(&7));
    });
}

#[test]
fn a_cut_attempt_is_gone_before_the_next_one_starts() {
    struct Running(Rc<Cell<u32>>);
    impl Drop for Running {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
    on_tokio(async {
        let running = Rc::new(Cell::new(0));
        let call = CUT.call("test").on_sleep(|_, _| {
            assert_eq!(running.get(), 0, "the cut attempt is still there");
            retry_core::SleepDecision::Sleep
        });
        let outcome = call
            .execute(async || {
                assert_eq!(running.get(), 0);
                running.set(1);
                let _running = Running(Rc::clone(&running));
                pending::<Result<(), Failure>>().await
            })
            .await;
        assert_eq!(outcome.attempts(), 3);
        assert_eq!(running.get(), 0);
    });
}

#[test]
fn a_blocking_call_ignores_the_attempt_timeout() {
    let clock = retry_core::testing::ManualClock::new();
    let call = CUT.call("test").clock(&clock).sleeper(&clock);
    let outcome = call.execute_blocking(|| {
        clock.advance(secs(100));
        Ok::<_, Failure>(7)
    });
    assert_eq!(outcome.value(), Some(&7));

    let script = Script::new([Err::<(), _>(TRANSIENT)]).taking(secs(100), &clock);
    let outcome = call.execute_blocking(|| script.attempt());
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    assert_eq!(outcome.attempts(), 3);
}

// Zero delays.

#[test]
fn a_hundred_retries_without_delay_touch_no_timer() {
    // Outside of a runtime, tokio's timer panics. And the future is ready when first polled.
    let script = Script::new(
        std::iter::repeat_n(Err(TRANSIENT), 100)
            .chain([Ok(7)])
            .collect::<Vec<_>>(),
    );
    let policy = AT_ONCE.unlimited();
    assert_eq!(
        poll_once(policy.call("test").run(async || script.attempt())),
        Ok(7)
    );
    assert_eq!(script.runs(), 101);

    let policy = policy.deadline(secs(3600)).attempt_timeout(secs(60));
    let outcome = poll_once(policy.call("test").execute(async || script.attempt()));
    assert_eq!(outcome.value(), Some(&7));
}

#[test]
fn a_hint_of_zero_touches_no_timer() {
    let hint = Failure::Hint(ErrorClass::RateLimit, Duration::ZERO);
    let outcome = poll_once(
        EACH_HOUR
            .call("test")
            .execute(async || Err::<(), _>(hint.clone())),
    );
    assert_eq!(outcome.attempts(), 3);
}

// Threads and tasks.

fn assert_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn the_future_is_send_and_runs_in_a_spawned_task() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    static SIGNAL: retry_core::AbortSignal = retry_core::AbortSignal::new();
    static IGNORE: fn(&retry_core::Event<'_>) = |_| ();
    const POLICY: Policy = CUT.deadline(secs(60));

    on_tokio(async {
        let owned = String::from("ada");
        let task = tokio::spawn(assert_send(async move {
            let call = POLICY
                .call("test")
                .abort(&SIGNAL)
                .observe(&IGNORE)
                .classify(|_: &String| ErrorClass::Transient)
                .retry_until(|length: &usize| *length > 0)
                .on_stop(|stopped| stopped.to_string())
                .on_sleep(|_, _| retry_core::SleepDecision::Sleep)
                .timeline(2);
            let operation = || async {
                sleep(secs(1)).await;
                if RUNS.fetch_add(1, Ordering::Relaxed) == 0 {
                    Err("again".to_owned())
                } else {
                    Ok(owned.len())
                }
            };
            let executed = assert_send(call.execute(operation)).await;
            assert!(executed.is_success());
            assert_send(call.run(operation)).await
        }));
        assert_eq!(task.await.expect("no panic"), Ok(3));
    });
}

#[test]
fn calls_in_several_tasks_do_not_disturb_each_other() {
    const CALL: Policy = EACH_SECOND;
    on_tokio(async {
        let tasks: Vec<_> = (0..20)
            .map(|index| {
                tokio::spawn(async move {
                    let mut runs = 0;
                    let outcome = CALL
                        .attempts(index + 1)
                        .call("test")
                        .execute(|| {
                            runs += 1;
                            async { Err::<(), _>(TRANSIENT) }
                        })
                        .await;
                    (outcome.attempts(), runs, outcome.elapsed())
                })
            })
            .collect();
        for (index, task) in (0..20).zip(tasks) {
            assert_eq!(
                task.await.expect("no panic"),
                (index + 1, index + 1, secs(u64::from(index)))
            );
        }
    });
}
