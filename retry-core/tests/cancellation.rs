//! Futures that are dropped and operations that panic: nothing stays behind, and the next call works.

mod support;

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use retry_core::testing::{ManualClock, Recorder};
use retry_core::{
    Abort, AbortSignal, Classification, Classify, ErrorClass, EventKind, Policy, Sleep,
    SleepDecision, StopReason, Stopped,
};
use support::{AT_ONCE, EACH_SECOND, Failure, Script, TRANSIENT, millis, poll_to_end, secs};

/// Counts how many of it are alive.
#[derive(Debug)]
struct Counted(Arc<AtomicI64>);

impl Counted {
    fn new(alive: &Arc<AtomicI64>) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(alive))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
enum CountedError {
    Failed(#[allow(dead_code)] Counted),
    Stopped,
}

impl Classify for CountedError {
    fn classify(&self) -> Classification {
        ErrorClass::Transient.into()
    }
}

impl From<Stopped> for CountedError {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

/// Everything a call can leave something behind in.
struct Surroundings {
    clock: ManualClock,
    signal: AbortSignal,
    recorder: Recorder,
    alive: Arc<AtomicI64>,
}

impl Surroundings {
    fn new() -> Self {
        Self {
            clock: ManualClock::new(),
            signal: AbortSignal::new(),
            recorder: Recorder::new(),
            alive: Arc::default(),
        }
    }

    fn assert_deserted(&self, when: &str) {
        assert_eq!(self.alive.load(Ordering::Relaxed), 0, "{when}");
        let signal = format!("{:?}", self.signal);
        assert!(signal.contains("waiting: 0 "), "{when}: {signal}");
        let clock = format!("{:?}", self.clock);
        assert!(clock.contains("alarms: []"), "{when}: {clock}");
    }
}

/// Polls a future `polls` times and drops it; whether it was ready by then.
fn poll_and_drop<F: Future>(future: F, polls: usize) -> bool {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..polls).any(|_| future.as_mut().poll(&mut context).is_ready())
}

/// Drops the future after each number of polls until it is ready first.
fn dropped_at_every_point<F: Future>(
    around: &Surroundings,
    policy: &Policy,
    future: impl Fn() -> F,
) {
    let next = || {
        let script = Script::new([Err(TRANSIENT), Ok(7)]);
        let call = policy
            .call("next")
            .clock(&around.clock)
            .sleeper(&around.clock)
            .abort(&around.signal);
        poll_to_end(call.run(async || script.attempt()))
    };
    for polls in 0.. {
        around.recorder.clear();
        let ended = poll_and_drop(future(), polls);
        around.assert_deserted(&format!("dropped after {polls} polls"));
        let terminal = around
            .recorder
            .kinds()
            .iter()
            .filter(|kind| kind.is_terminal())
            .count();
        assert_eq!(terminal, usize::from(ended), "after {polls} polls");
        let told = around.recorder.events().len();
        assert_eq!(next(), Ok(7), "after {polls} polls");
        assert_eq!(around.recorder.events().len(), told);
        if ended {
            // There was more than one point to drop it at.
            assert!(polls > 5, "{polls}");
            return;
        }
    }
}

/// An attempt that waits a few times, and gives what `result` says.
async fn attempt<R>(around: &Surroundings, result: R) -> R {
    let _state = Counted::new(&around.alive);
    around.clock.sleep(millis(10)).await;
    let _more = Counted::new(&around.alive);
    around.clock.sleep(millis(10)).await;
    result
}

// Dropped futures.

#[test]
fn a_call_dropped_at_any_point_leaves_nothing_behind() {
    let around = &Surroundings::new();
    let policy = EACH_SECOND.attempt_timeout(secs(2)).deadline(secs(60));
    let call = policy
        .call("test")
        .clock(&around.clock)
        .sleeper(&around.clock)
        .abort(&around.signal)
        .observe(&around.recorder)
        .timeline(5);
    dropped_at_every_point(around, &policy, || {
        let captured = Counted::new(&around.alive);
        call.execute(move || {
            let failed = CountedError::Failed(Counted::new(&captured.0));
            attempt(around, Err::<Counted, _>(failed))
        })
    });
}

#[test]
fn a_call_that_runs_to_its_error_leaves_nothing_behind() {
    let around = &Surroundings::new();
    let call = EACH_SECOND
        .call("test")
        .clock(&around.clock)
        .sleeper(&around.clock)
        .abort(&around.signal)
        .observe(&around.recorder);
    dropped_at_every_point(around, &EACH_SECOND, || {
        let captured = Counted::new(&around.alive);
        call.run(move || {
            let failed = CountedError::Failed(Counted::new(&captured.0));
            attempt(around, Err::<Counted, _>(failed))
        })
    });
}

#[test]
fn a_call_for_values_dropped_at_any_point_leaves_nothing_behind() {
    let around = &Surroundings::new();
    let call = EACH_SECOND
        .call("test")
        .clock(&around.clock)
        .sleeper(&around.clock)
        .abort(&around.signal)
        .observe(&around.recorder)
        .retry_until(|_: &Counted| false);
    dropped_at_every_point(around, &EACH_SECOND, || {
        call.run(|| {
            let value = Counted::new(&around.alive);
            attempt(around, Ok::<_, CountedError>(value))
        })
    });
}

#[test]
fn a_call_with_timeouts_dropped_at_any_point_leaves_nothing_behind() {
    let around = &Surroundings::new();
    let policy = EACH_SECOND.attempt_timeout(millis(15));
    let call = policy
        .call("test")
        .clock(&around.clock)
        .sleeper(&around.clock)
        .abort(&around.signal)
        .observe(&around.recorder);
    dropped_at_every_point(around, &policy, || {
        call.execute(|| {
            let value = Counted::new(&around.alive);
            attempt(around, Ok::<_, CountedError>(value))
        })
    });
}

#[test]
fn a_call_with_a_flag_dropped_at_any_point_leaves_nothing_behind() {
    let around = &Surroundings::new();
    let call = EACH_SECOND
        .call("test")
        .clock(&around.clock)
        .sleeper(&around.clock)
        .abort(&|| false)
        .observe(&around.recorder);
    dropped_at_every_point(around, &EACH_SECOND, || {
        call.execute(|| {
            let failed = CountedError::Failed(Counted::new(&around.alive));
            attempt(around, Err::<Counted, _>(failed))
        })
    });
}

#[test]
fn a_future_that_is_never_polled_does_nothing() {
    let around = &Surroundings::new();
    let runs = Cell::new(0);
    let call = EACH_SECOND
        .call("test")
        .clock(&around.clock)
        .sleeper(&around.clock)
        .observe(&around.recorder);
    drop(call.execute(|| {
        runs.set(runs.get() + 1);
        pending::<Result<(), Failure>>()
    }));
    assert_eq!(runs.get(), 0);
    assert!(around.recorder.events().is_empty());
}

#[test]
fn what_an_attempt_gave_is_gone_when_the_next_one_starts() {
    let around = &Surroundings::new();
    let call = EACH_SECOND
        .call("test")
        .clock(&around.clock)
        .sleeper(&around.clock)
        .retry_until(|_: &Counted| false);
    let runs = Cell::new(0);
    let operation = || {
        around.assert_deserted("an attempt starts");
        runs.set(runs.get() + 1);
        let counted = Counted::new(&around.alive);
        if runs.get() % 2 == 0 {
            Ok(counted)
        } else {
            Err(CountedError::Failed(counted))
        }
    };
    drop(call.execute_blocking(operation));
    drop(poll_to_end(call.execute(async || operation())));
    assert_eq!(runs.get(), 6);
}

#[cfg(feature = "tokio")]
#[test]
fn an_aborted_task_leaves_nothing_behind() {
    support::on_tokio(async {
        for after in [0, 500, 1500, 2500, 7000] {
            let around = Arc::new(Surroundings::new());
            let task = tokio::spawn({
                let around = Arc::clone(&around);
                async move {
                    let policy = EACH_SECOND.attempt_timeout(secs(2));
                    policy
                        .call("test")
                        .abort(&around.signal)
                        .observe(&around.recorder)
                        .run(async || {
                            let _state = Counted::new(&around.alive);
                            pending::<Result<(), Failure>>().await
                        })
                        .await
                }
            });
            tokio::time::sleep(millis(after)).await;
            task.abort();
            assert!(task.await.is_err_and(|error| error.is_cancelled()));
            around.assert_deserted(&format!("aborted after {after} ms"));
            assert!(
                !around
                    .recorder
                    .kinds()
                    .iter()
                    .any(|kind| kind.is_terminal())
            );
        }
    });
}

#[test]
fn a_woken_task_may_be_dropped_instead_of_polled() {
    let around = &Surroundings::new();
    let call = EACH_SECOND
        .call("test")
        .clock(&around.clock)
        .sleeper(&around.clock)
        .abort(&around.signal)
        .observe(&around.recorder);
    {
        let mut future = pin!(call.execute(async || Err::<(), _>(TRANSIENT)));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(
            future.as_mut().poll(&mut context).map(|_| ()),
            Poll::Pending
        );
        around.signal.abort();
    }
    around.assert_deserted("aborted and dropped");
    assert_eq!(around.recorder.count(EventKind::Aborted), 0);
    assert!(around.signal.is_aborted());
}

// Panics.

fn panics<T>(run: impl FnOnce() -> T) {
    let panicked = catch_unwind(AssertUnwindSafe(|| drop(run())));
    let payload = panicked.expect_err("it should have panicked");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"expected"));
}

/// True once, so that a call panics in its first run and works in its second.
fn once() -> impl Fn() {
    let first = AtomicU32::new(0);
    move || {
        assert!(first.fetch_add(1, Ordering::Relaxed) > 0, "expected");
    }
}

#[test]
fn a_panicking_operation_unwinds_and_the_call_is_as_new() {
    let recorder = Recorder::new();
    let call = AT_ONCE.call("test").observe(&recorder);
    let script = RefCell::new(Script::new([Err(TRANSIENT), Ok(7)]));
    let fuse = once();
    panics(|| {
        let _ = call.run_blocking(|| {
            let result = script.borrow().attempt();
            if result.is_ok() {
                fuse();
            }
            result
        });
    });
    script.replace(Script::new([Err(TRANSIENT), Err(TRANSIENT), Ok(7)]));
    let outcome = call.execute_blocking(|| script.borrow().attempt());
    assert_eq!(outcome.attempts(), 3, "the call starts from the beginning");
    assert_eq!(outcome.value(), Some(&7));
}

#[test]
fn a_panicking_async_operation_unwinds_and_leaves_nothing_behind() {
    let around = &Surroundings::new();
    let policy = EACH_SECOND.attempt_timeout(secs(2));
    let call = policy
        .call("test")
        .clock(&around.clock)
        .sleeper(&around.clock)
        .abort(&around.signal)
        .observe(&around.recorder);
    let fuse = once();
    let run = || {
        poll_to_end(call.execute(async || {
            let _state = Counted::new(&around.alive);
            around.clock.sleep(millis(10)).await;
            fuse();
            Ok::<_, Failure>(7)
        }))
    };
    panics(run);
    around.assert_deserted("panicked");
    assert!(
        !around
            .recorder
            .kinds()
            .iter()
            .any(|kind| kind.is_terminal())
    );
    assert_eq!(run().value(), Some(&7));
    around.assert_deserted("ended");
}

/// Runs `$call` blocking and async: the first run of each panics, the second works.
macro_rules! panics_once {
    ($fuse:ident, $call:expr, $operation:expr) => {{
        let sleeper = ManualClock::new();
        let $fuse = once();
        let call = $call.sleeper(&sleeper).clock(&sleeper);
        panics(|| call.execute_blocking($operation));
        assert_eq!(call.execute_blocking($operation).attempts(), 3);
        let $fuse = once();
        let call = $call.sleeper(&sleeper).clock(&sleeper);
        panics(|| poll_to_end(call.execute(async || $operation())));
        let outcome = poll_to_end(call.execute(async || $operation()));
        assert_eq!(outcome.attempts(), 3);
    }};
}

#[test]
fn a_panicking_classifier_unwinds_and_the_call_is_as_new() {
    panics_once!(
        fuse,
        EACH_SECOND.call("test").classify(|_: &u8| {
            fuse();
            ErrorClass::Transient
        }),
        || Err::<(), _>(7)
    );
}

#[test]
fn a_panicking_filter_unwinds_and_the_call_is_as_new() {
    panics_once!(
        fuse,
        EACH_SECOND.call("test").retry_if(|_: &u8| {
            fuse();
            true
        }),
        || Err::<(), _>(7)
    );
}

#[test]
fn a_panicking_predicate_on_values_unwinds_and_the_call_is_as_new() {
    panics_once!(
        fuse,
        EACH_SECOND.call("test").retry_until(|_: &u8| {
            fuse();
            false
        }),
        || Ok::<_, Failure>(7)
    );
    panics_once!(
        fuse,
        EACH_SECOND.call("test").classify_value(|_: &u8| {
            fuse();
            Some(ErrorClass::Transient.into())
        }),
        || Ok::<_, Failure>(7)
    );
}

#[test]
fn a_panicking_sleep_rule_unwinds_and_the_call_is_as_new() {
    panics_once!(
        fuse,
        EACH_SECOND.call("test").on_sleep(|_, _| {
            fuse();
            SleepDecision::Sleep
        }),
        || Err::<(), _>(TRANSIENT)
    );
}

#[test]
fn a_panicking_abort_unwinds_and_the_call_is_as_new() {
    struct Fused<F>(F);
    impl<F: Fn() + Send + Sync> Abort for Fused<F> {
        fn is_aborted(&self) -> bool {
            (self.0)();
            false
        }
    }
    let abort = Fused({
        let first = AtomicU32::new(0);
        move || assert!(first.fetch_add(1, Ordering::Relaxed) != 2, "expected")
    });
    let clock = ManualClock::new();
    let call = EACH_SECOND
        .call("test")
        .abort(&abort)
        .clock(&clock)
        .sleeper(&clock);
    // Before the attempt, after it, and in the sleep.
    panics(|| call.execute_blocking(|| Err::<(), _>(TRANSIENT)));
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
}

#[test]
fn a_panicking_conversion_of_a_stop_unwinds_and_the_call_is_as_new() {
    let fuse = once();
    let call = AT_ONCE
        .call("test")
        .retry_until(|_: &u8| false)
        .on_stop(|stopped| {
            fuse();
            Failure::Stopped(stopped)
        });
    panics(|| call.run_blocking(|| Ok(7)));
    let Err(Failure::Stopped(stopped)) = call.run_blocking(|| Ok(7)) else {
        panic!("no value is acceptable");
    };
    assert_eq!(stopped.attempts(), 3);
}

#[test]
fn a_panicking_custom_backoff_unwinds_and_the_call_is_as_new() {
    fn backoff(context: &retry_core::BackoffContext) -> std::time::Duration {
        assert!(context.class != ErrorClass::RateLimit, "expected");
        secs(1)
    }
    let clock = ManualClock::new();
    let policy = Policy::new().backoff(retry_core::Backoff::custom(backoff));
    let call = policy.call("test").clock(&clock).sleeper(&clock);
    panics(|| call.execute_blocking(|| Err::<(), _>(support::RATE_LIMIT)));
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.attempts(), 3);
}
