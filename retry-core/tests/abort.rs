//! Stopping a call from outside: before it starts, while it runs, while it sleeps.

mod support;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use retry_core::time::Wait;
use retry_core::{Abort, AbortSignal, Backoff, Policy, StopReason, Stopped};
use support::{
    AT_ONCE, EACH_HOUR, EACH_SECOND, Failure, RecordingSleeper, Script, TRANSIENT, millis,
    poll_to_end, secs,
};

/// Whether so many wait for the signal.
fn has_waiting(signal: &AbortSignal, waiting: usize) -> bool {
    format!("{signal:?}").contains(&format!("waiting: {waiting} "))
}

fn is_deserted(signal: &AbortSignal) -> bool {
    has_waiting(signal, 0)
}

// Before the first attempt.

#[test]
fn a_call_that_is_aborted_before_it_starts_never_runs() {
    let signal = AbortSignal::new();
    signal.abort();
    let sleeper = RecordingSleeper::default();
    let script = Script::new([Ok::<_, Failure>(7)]);
    let call = AT_ONCE.call("test").abort(&signal).sleeper(&sleeper);

    for result in [
        call.run_blocking(|| script.attempt()),
        poll_to_end(call.run(async || script.attempt())),
    ] {
        let Err(Failure::Stopped(stopped)) = result else {
            panic!("{result:?}");
        };
        assert_eq!(stopped.reason(), StopReason::Aborted);
        assert_eq!(stopped.attempts(), 0);
        assert_eq!(stopped.elapsed(), Duration::ZERO);
        assert_eq!((stopped.class(), stopped.cause()), (None, None));
    }
    assert_eq!(script.runs(), 0);
}

#[test]
fn an_io_error_made_of_an_abort_is_other() {
    let call = AT_ONCE.call("test").abort(&|| true);
    let error = call.run_blocking(|| Ok::<_, io::Error>(7)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::Other);
    let stopped = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Stopped>());
    assert_eq!(stopped.map(Stopped::reason), Some(StopReason::Aborted));
}

// During an attempt.

#[test]
fn an_abort_during_an_attempt_is_seen_after_it() {
    let signal = AbortSignal::new();
    let sleeper = RecordingSleeper::default();
    let call = EACH_HOUR.call("test").abort(&signal).sleeper(&sleeper);
    let outcome = poll_to_end(call.execute(async || {
        signal.abort();
        sleeper.clock.advance(secs(1));
        Err::<(), _>(TRANSIENT)
    }));
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    assert_eq!(outcome.attempts(), 1);
    assert!(sleeper.slept().is_empty());
}

#[test]
fn an_abort_does_not_take_a_success_away() {
    let signal = AbortSignal::new();
    let call = AT_ONCE.call("test").abort(&signal);
    let result = call.run_blocking(|| {
        signal.abort();
        Ok::<_, Failure>(7)
    });
    assert_eq!(result, Ok(7));
}

// During a sleep, by something that can wake.

#[test]
fn a_signal_wakes_a_thread_that_sleeps_for_an_hour() {
    let signal = Arc::new(AbortSignal::new());
    let worker = thread::spawn({
        let signal = Arc::clone(&signal);
        move || {
            EACH_HOUR
                .call("test")
                .abort(&signal)
                .execute_blocking(|| Err::<(), _>(TRANSIENT))
        }
    });
    while is_deserted(&signal) {
        thread::yield_now();
    }
    signal.abort();
    let outcome = worker.join().expect("no panic");
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    assert_eq!(outcome.attempts(), 1);
    assert!(is_deserted(&signal));
}

#[test]
fn a_signal_given_while_the_thread_goes_to_sleep_is_not_missed() {
    for _ in 0..200 {
        let signal = Arc::new(AbortSignal::new());
        let worker = thread::spawn({
            let signal = Arc::clone(&signal);
            move || {
                EACH_HOUR
                    .call("test")
                    .abort(&signal)
                    .execute_blocking(|| Err::<(), _>(TRANSIENT))
            }
        });
        signal.abort();
        let outcome = worker.join().expect("no panic");
        assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    }
}

#[test]
fn one_signal_wakes_all_who_sleep() {
    let signal = Arc::new(AbortSignal::new());
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let signal = Arc::clone(&signal);
            thread::spawn(move || {
                EACH_HOUR
                    .call("test")
                    .abort(&signal)
                    .execute_blocking(|| Err::<(), _>(TRANSIENT))
            })
        })
        .collect();
    while !has_waiting(&signal, 8) {
        thread::yield_now();
    }
    signal.abort();
    for worker in workers {
        let outcome = worker.join().expect("no panic");
        assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    }
}

#[test]
fn a_thread_that_can_be_woken_sleeps_the_delay_and_goes_on() {
    let signal = AbortSignal::new();
    let policy = EACH_SECOND.backoff(Backoff::fixed(millis(1)));
    let outcome = policy
        .call("test")
        .abort(&signal)
        .execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    assert_eq!(outcome.attempts(), 3);
    assert!(outcome.elapsed() >= millis(2));
    assert!(is_deserted(&signal));
}

#[cfg(feature = "tokio")]
mod on_tokio {
    use super::*;
    use crate::support::on_tokio;
    use tokio::time::{Instant, sleep};

    /// Runs an hourly call, and `abort` after five seconds.
    async fn aborted_after_five_seconds(
        call_abort: Arc<dyn Abort>,
        abort: impl FnOnce() + Send + 'static,
    ) -> (retry_core::Outcome<(), Failure>, Duration) {
        tokio::spawn(async move {
            sleep(secs(5)).await;
            abort();
        });
        let started = Instant::now();
        let outcome = EACH_HOUR
            .call("test")
            .abort(&call_abort)
            .execute(async || Err::<(), _>(TRANSIENT))
            .await;
        (outcome, started.elapsed())
    }

    #[test]
    fn a_signal_wakes_a_task_that_sleeps_for_an_hour() {
        on_tokio(async {
            let signal = Arc::new(AbortSignal::new());
            let switch = Arc::clone(&signal);
            let (outcome, took) =
                aborted_after_five_seconds(Arc::clone(&signal) as _, move || switch.abort()).await;
            assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
            assert_eq!(outcome.last_error(), Some(&TRANSIENT));
            assert_eq!(took, secs(5));
            assert!(is_deserted(&signal));
        });
    }

    #[cfg(feature = "tokio-util")]
    #[test]
    fn a_cancellation_token_wakes_a_task_that_sleeps_for_an_hour() {
        on_tokio(async {
            let token = tokio_util::sync::CancellationToken::new();
            let switch = token.clone();
            let (outcome, took) =
                aborted_after_five_seconds(Arc::new(token), move || switch.cancel()).await;
            assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
            assert_eq!(outcome.last_error(), Some(&TRANSIENT));
            assert_eq!(took, secs(5));
        });
    }

    #[test]
    fn a_flag_is_seen_within_fifty_milliseconds() {
        on_tokio(async {
            let flag = Arc::new(AtomicBool::new(false));
            let switch = Arc::clone(&flag);
            let (outcome, took) = aborted_after_five_seconds(flag, move || {
                switch.store(true, Ordering::Relaxed);
            })
            .await;
            assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
            assert!(secs(5) <= took && took <= millis(5050), "{took:?}");
        });
    }

    #[test]
    fn a_signal_that_is_never_given_changes_no_delay() {
        on_tokio(async {
            let signal = AbortSignal::new();
            let call = EACH_HOUR.call("test").abort(&signal);
            let outcome = call.execute(async || Err::<(), _>(TRANSIENT)).await;
            assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
            assert_eq!(outcome.elapsed(), secs(7200));
            assert!(is_deserted(&signal));
        });
    }
}

#[cfg(feature = "tokio-util")]
#[test]
fn a_cancellation_token_wakes_a_thread_that_sleeps_for_an_hour() {
    let token = tokio_util::sync::CancellationToken::new();
    let worker = thread::spawn({
        let token = token.clone();
        move || {
            EACH_HOUR
                .call("test")
                .abort(&token)
                .execute_blocking(|| Err::<(), _>(TRANSIENT))
        }
    });
    token.cancel();
    let outcome = worker.join().expect("no panic");
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
}

// During a sleep, by something that has to be looked at.

#[test]
fn a_flag_is_looked_at_every_fifty_milliseconds_and_the_delay_stays_the_same() {
    let flag = AtomicBool::new(false);
    let policy = EACH_SECOND
        .attempts(2)
        .backoff(Backoff::fixed(millis(1234)));

    let blocking = RecordingSleeper::default();
    let call = policy.call("test").abort(&flag).sleeper(&blocking);
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));

    let asynchronous = RecordingSleeper::default();
    let call = policy.call("test").abort(&flag).sleeper(&asynchronous);
    let _ = poll_to_end(call.execute(async || Err::<(), _>(TRANSIENT)));

    for sleeper in [blocking, asynchronous] {
        let slices = sleeper.slept();
        assert_eq!(slices.iter().sum::<Duration>(), millis(1234));
        assert!(
            slices.iter().all(|slice| *slice <= millis(50)),
            "{slices:?}"
        );
        assert_eq!(sleeper.clock.elapsed(), millis(1234));
    }
}

#[test]
fn a_flag_ends_a_sleep_of_an_hour_after_the_slice_in_which_it_was_raised() {
    let sleeper = RecordingSleeper::default();
    let aborted = || sleeper.clock.elapsed() >= millis(120);
    let call = EACH_HOUR.call("test").abort(&aborted).sleeper(&sleeper);

    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    assert_eq!(sleeper.clock.elapsed(), millis(150));
}

#[test]
fn without_an_abort_a_delay_is_one_sleep() {
    let sleeper = RecordingSleeper::default();
    let policy = EACH_HOUR.attempts(2);
    let call = policy.call("test").sleeper(&sleeper);
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(sleeper.slept(), [secs(3600)]);
}

#[test]
fn an_async_call_that_can_be_woken_sleeps_in_one_piece() {
    let signal = AbortSignal::new();
    let sleeper = RecordingSleeper::default();
    let policy = EACH_HOUR.attempts(2);
    let call = policy.call("test").abort(&signal).sleeper(&sleeper);
    let _ = poll_to_end(call.execute(async || Err::<(), _>(TRANSIENT)));
    assert_eq!(sleeper.slept(), [secs(3600)]);
}

#[test]
fn whatever_says_when_can_abort() {
    fn stops(abort: &dyn Abort) -> bool {
        let outcome = AT_ONCE
            .call("test")
            .abort(abort)
            .execute_blocking(|| Ok::<_, Failure>(7));
        outcome.stop_reason() == Some(StopReason::Aborted)
    }
    struct Shutdown;
    impl Abort for Shutdown {
        fn is_aborted(&self) -> bool {
            true
        }
    }
    let signal = AbortSignal::new();
    assert!(!stops(&signal));
    signal.abort();
    signal.abort();
    assert!(signal.is_aborted());
    assert!(stops(&signal));
    assert!(stops(&Arc::new(signal)));
    assert!(stops(&AtomicBool::new(true)) && !stops(&AtomicBool::new(false)));
    assert!(stops(&|| true) && !stops(&|| false));
    assert!(stops(&Shutdown) && stops(&(Arc::new(Shutdown) as Arc<dyn Abort>)));
}

#[test]
fn the_abort_that_was_attached_last_counts() {
    let call = AT_ONCE.call("test").abort(&|| true).abort(&|| false);
    assert_eq!(call.run_blocking(|| Ok::<_, Failure>(7)), Ok(7));
}

// The signal by itself.

#[test]
fn who_leaves_before_the_signal_is_given_leaves_nothing_behind() {
    let signal = AbortSignal::new();
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..10 {
        let mut waits: Vec<Wait<'_>> = (0..10).filter_map(|_| signal.aborted()).collect();
        for _ in 0..3 {
            for wait in &mut waits {
                assert!(wait.as_mut().poll(&mut context).is_pending());
            }
        }
        assert!(has_waiting(&signal, 10), "{signal:?}");
        drop(waits);
        assert!(is_deserted(&signal));
    }
}

#[test]
fn the_signal_wakes_the_waker_that_polled_last_once() {
    struct Count(AtomicU32);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let signal = AbortSignal::new();
    let counts = [0; 2].map(|zero| Arc::new(Count(AtomicU32::new(zero))));
    let mut wait = signal.aborted().expect("a signal can wake");
    for count in &counts {
        let waker = Waker::from(Arc::clone(count));
        let poll = wait.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
    }
    signal.abort();
    signal.abort();
    assert_eq!(counts.map(|count| count.0.load(Ordering::Relaxed)), [0, 1]);
    let poll = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(poll, Poll::Ready(()));
}

#[test]
fn a_waker_that_panics_does_not_keep_the_others_asleep() {
    struct Counting {
        woken: AtomicU32,
        panics: bool,
    }
    impl Wake for Counting {
        fn wake(self: Arc<Self>) {
            self.woken.fetch_add(1, Ordering::Relaxed);
            assert!(!self.panics, "this waker is broken");
        }
    }
    let signal = AbortSignal::new();
    let wakers = [true, false].map(|panics| {
        let woken = AtomicU32::new(0);
        Arc::new(Counting { woken, panics })
    });
    let mut waits: Vec<Wait<'_>> = Vec::new();
    for waker in &wakers {
        let waker = Waker::from(Arc::clone(waker));
        let mut wait = signal.aborted().expect("a signal wakes");
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        waits.push(wait);
    }

    let aborting = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| signal.abort()));
    assert!(aborting.is_err(), "the panic is passed on");
    assert_eq!(
        wakers.map(|waker| waker.woken.load(Ordering::Relaxed)),
        [1, 1]
    );
}

#[test]
fn a_waiter_whose_waker_owns_another_waiter_can_leave() {
    static SIGNAL: AbortSignal = AbortSignal::new();

    /// The task of an executor that drops the task's future with the last waker.
    struct Task(#[allow(dead_code)] std::sync::Mutex<Wait<'static>>);
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }
    fn registered(waker: &Waker) -> Wait<'static> {
        let mut wait = SIGNAL.aborted().expect("a signal can wake");
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(waker))
                .is_pending()
        );
        wait
    }
    let owner = || Waker::from(Arc::new(Task(registered(Waker::noop()).into())));

    // Left, and polled from elsewhere: both let go of the waker, and with it of the other waiter.
    drop(registered(&owner()));
    assert!(is_deserted(&SIGNAL));
    let mut moved = registered(&owner());
    assert!(
        moved
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    drop(moved);
    assert!(is_deserted(&SIGNAL));
}

#[test]
fn a_hint_does_not_defeat_an_abort() {
    let hint = Failure::Hint(retry_core::ErrorClass::RateLimit, secs(60));
    let aborted = AtomicBool::new(false);
    let sleeper = RecordingSleeper::default();
    let policy = Policy::new();
    let call = policy.call("test").abort(&aborted).sleeper(&sleeper);
    let outcome = call.execute_blocking(|| {
        aborted.store(true, Ordering::Relaxed);
        Err::<(), _>(hint.clone())
    });
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert!(sleeper.slept().is_empty());
}
