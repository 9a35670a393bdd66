//! The async driver without tokio: on a user's own `Sleep` and `Clock`, and on a `ManualClock`.

mod support;

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use retry_core::testing::ManualClock;
use retry_core::time::Wait;
use retry_core::{Backoff, Cause, Clock, ErrorClass, Jitter, Policy, Sleep, StopReason};
use support::{
    AT_ONCE, EACH_SECOND, Failure, RecordingSleeper, Script, TRANSIENT, millis, poll_once,
    poll_to_end, secs,
};

const CUT: Policy = EACH_SECOND.attempt_timeout(secs(2));

/// What a user of another runtime writes: a timer whose hours fly.
struct OtherRuntime {
    origin: Instant,
    millis: AtomicU64,
}

impl OtherRuntime {
    fn new() -> Self {
        Self {
            origin: Instant::now(),
            millis: AtomicU64::new(0),
        }
    }
}

impl Clock for OtherRuntime {
    fn now(&self) -> Instant {
        self.origin + millis(self.millis.load(Ordering::Relaxed))
    }
}

impl Sleep for OtherRuntime {
    fn sleep(&self, duration: Duration) -> Wait<'_> {
        let until = self.now() + duration;
        Box::pin(poll_fn(move |context| {
            if self.now() >= until {
                return Poll::Ready(());
            }
            self.millis.fetch_add(100, Ordering::Relaxed);
            context.waker().wake_by_ref();
            Poll::Pending
        }))
    }
}

// A user's own timer.

#[test]
fn a_call_sleeps_on_its_own_sleeper() {
    let runtime = OtherRuntime::new();
    let call = EACH_SECOND.call("test").sleeper(&runtime).clock(&runtime);
    let outcome = poll_to_end(call.execute(async || Err::<(), _>(TRANSIENT)));
    assert_eq!(outcome.attempts(), 3);
    assert_eq!(outcome.elapsed(), secs(2));
}

#[test]
fn an_attempt_is_cut_on_the_calls_own_sleeper() {
    let runtime = OtherRuntime::new();
    let policy = CUT.deadline(secs(7));
    let call = policy.call("test").sleeper(&runtime).clock(&runtime);
    let outcome = poll_to_end(call.execute(pending::<Result<(), Failure>>));
    // 2 + 1 + 2 + 1, and the third attempt has one second left.
    assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
    assert_eq!(outcome.attempts(), 3);
    assert_eq!(outcome.elapsed(), secs(7));
}

#[test]
fn a_sleeper_that_only_knows_how_to_wait_blocks_the_thread_as_std_does() {
    struct Async;
    impl Sleep for Async {
        fn sleep(&self, _: Duration) -> Wait<'_> {
            Box::pin(std::future::ready(()))
        }
    }
    let policy = EACH_SECOND.backoff(Backoff::fixed(Duration::from_nanos(1)));
    let outcome = policy
        .call("test")
        .sleeper(&Async)
        .execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.attempts(), 3);
}

#[test]
fn the_sleeper_is_asked_once_for_each_delay_and_not_after_the_last_attempt() {
    let sleeper = RecordingSleeper::default();
    let policy = Policy::new()
        .attempts(4)
        .backoff(Backoff::linear(secs(1)).jitter(Jitter::None));
    let call = policy.call("test").sleeper(&sleeper).clock(&sleeper);
    let outcome = poll_to_end(call.execute(async || Err::<(), _>(TRANSIENT)));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    assert_eq!(sleeper.slept(), [secs(1), secs(2), secs(3)]);
}

#[test]
fn zero_delays_never_reach_the_sleeper() {
    let sleeper = RecordingSleeper::default();
    let call = AT_ONCE.call("test").sleeper(&sleeper);
    let outcome = poll_once(call.execute(async || Err::<(), _>(TRANSIENT)));
    assert_eq!(outcome.attempts(), 3);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.attempts(), 3);
    assert!(sleeper.slept().is_empty());
}

#[test]
fn an_attempt_whose_time_is_over_when_it_first_waits_is_cut_without_a_timer() {
    let sleeper = RecordingSleeper::default();
    let policy = CUT.attempts(1);
    let call = policy.call("test").sleeper(&sleeper).clock(&sleeper);
    let outcome = poll_once(call.execute(async || {
        sleeper.clock.advance(secs(100));
        pending::<Result<(), Failure>>().await
    }));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    assert_eq!(outcome.elapsed(), secs(100));
}

#[test]
fn an_attempt_that_waits_first_after_the_deadline_is_cut_by_it_without_a_timer() {
    let sleeper = RecordingSleeper::default();
    let policy = CUT.deadline(secs(10));
    let call = policy.call("test").sleeper(&sleeper).clock(&sleeper);
    let outcome = poll_once(call.execute(async || {
        sleeper.clock.advance(secs(100));
        pending::<Result<(), Failure>>().await
    }));
    assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
}

#[test]
fn an_attempt_that_is_ready_at_once_needs_no_timer() {
    let sleeper = RecordingSleeper::default();
    let policy = AT_ONCE.attempt_timeout(secs(2)).deadline(secs(10));
    let call = policy.call("test").sleeper(&sleeper).clock(&sleeper);
    let outcome = poll_once(call.execute(async || Err::<(), _>(TRANSIENT)));
    assert_eq!(outcome.attempts(), 3);
    assert!(sleeper.slept().is_empty());
}

#[test]
fn a_clock_that_goes_back_counts_as_standing_still() {
    struct Backwards(Instant, AtomicU64);
    impl Clock for Backwards {
        fn now(&self) -> Instant {
            let back = secs(self.1.fetch_add(1, Ordering::Relaxed));
            self.0.checked_sub(back).unwrap_or(self.0)
        }
    }
    let start = Instant::now() + secs(1000);
    let clock = Backwards(start, AtomicU64::new(0));
    let policy = AT_ONCE.deadline(secs(10));
    let outcome = policy
        .call("test")
        .clock(&clock)
        .timeline(3)
        .execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.attempts(), 3);
    assert_eq!(outcome.elapsed(), Duration::ZERO);
}

// A manual clock.

#[test]
fn a_manual_clock_drives_an_async_call() {
    let clock = ManualClock::new();
    let script = Script::new([Err(TRANSIENT), Err(TRANSIENT), Ok(7)]);
    let call = EACH_SECOND.call("test").clock(&clock).sleeper(&clock);
    assert_eq!(poll_to_end(call.run(async || script.attempt())), Ok(7));
    assert_eq!(clock.elapsed(), secs(2));
}

#[test]
fn a_manual_clock_cuts_an_operation_that_sleeps_too_long_on_it() {
    let clock = ManualClock::new();
    let runs = Cell::new(0);
    let call = CUT.call("test").clock(&clock).sleeper(&clock);
    let outcome = poll_to_end(call.execute(async || {
        runs.set(runs.get() + 1);
        // 6 s, 3 s, 2 s.
        clock.sleep(secs(6) / runs.get()).await;
        Ok::<_, Failure>(runs.get())
    }));
    assert_eq!(outcome.value(), Some(&3));
    assert_eq!(clock.elapsed(), secs(2 + 1 + 2 + 1 + 2));
}

#[test]
fn a_manual_clock_cuts_an_operation_that_waits_for_nothing() {
    let clock = ManualClock::new();
    let policy = CUT.attempts(1);
    let call = policy.call("test").clock(&clock).sleeper(&clock);
    let result = poll_to_end(call.run(pending::<Result<(), Failure>>));
    let Err(Failure::Stopped(stopped)) = result else {
        panic!("{result:?}");
    };
    assert_eq!(stopped.cause(), Some(Cause::Timeout));
    assert_eq!(stopped.class(), Some(ErrorClass::Transient));
    assert_eq!(stopped.elapsed(), secs(2));
}

#[test]
fn a_success_at_the_moment_of_the_timeout_is_a_success_on_a_manual_clock_too() {
    let clock = ManualClock::new();
    let call = CUT.call("test").clock(&clock).sleeper(&clock);
    let outcome = poll_to_end(call.execute(async || {
        clock.sleep(secs(2)).await;
        Ok::<_, Failure>(7)
    }));
    assert_eq!(outcome.value(), Some(&7));
    assert_eq!(outcome.attempts(), 1);
}

#[cfg(feature = "tokio")]
#[test]
fn an_installed_manual_clock_drives_the_async_calls_of_its_thread() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let policy = CUT.deadline(secs(7));
    let outcome = poll_to_end(policy.call("test").execute(pending::<Result<(), Failure>>));
    assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
    assert_eq!(outcome.elapsed(), secs(7));
    assert_eq!(clock.elapsed(), secs(7));
}

#[test]
fn a_manual_clock_lets_hours_and_years_pass() {
    let clock = ManualClock::new();
    let policy = Policy::new()
        .attempts(3)
        .backoff(Backoff::fixed(Duration::MAX));
    let call = policy.call("test").clock(&clock).sleeper(&clock);
    let outcome = poll_to_end(call.execute(async || Err::<(), _>(TRANSIENT)));
    assert_eq!(outcome.attempts(), 3);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.attempts(), 3);
}
