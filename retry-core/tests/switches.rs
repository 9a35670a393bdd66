//! The switches of `testing`, in a process of their own, as two of them reach every call of it.

mod support;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use retry_core::testing::{self, ManualClock, Recorder};
use retry_core::{Backoff, ClassRule, ErrorClass, Policy, StopReason};
use support::{
    AT_ONCE, EACH_HOUR, EACH_SECOND, Failure, RecordingSleeper, TRANSIENT, UNKNOWN, poll_once, secs,
};

/// One test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    testing::restore();
    guard
}

/// Jittered, so that equal delays mean equal random numbers.
const JITTERED: Policy = Policy::new()
    .attempts(6)
    .backoff(Backoff::fixed(Duration::from_secs(1000)).jitter(retry_core::Jitter::Full));

fn delays(policy: &Policy) -> Vec<Duration> {
    let recorder = Recorder::new();
    let clock = ManualClock::new();
    let call = policy
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .observe(&recorder);
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    recorder.delays()
}

// Waits.

#[test]
fn skipped_waits_never_reach_a_sleeper_and_everything_else_stays_the_same() {
    let _alone = alone();
    let sleeper = RecordingSleeper::default();
    let recorder = Recorder::new();
    let policy = EACH_HOUR.deadline(secs(3600 + 1800));
    let call = policy
        .call("test")
        .sleeper(&sleeper)
        .clock(&sleeper)
        .observe(&recorder);

    testing::skip_waits();
    let blocking = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    let asynchronous = poll_once(call.execute(async || Err::<(), _>(TRANSIENT)));
    for outcome in [blocking, asynchronous] {
        assert_eq!(outcome.attempts(), 3);
        assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    }
    assert_eq!(recorder.delays(), [secs(3600); 4]);
    assert!(sleeper.slept().is_empty());

    testing::restore();
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.attempts(), 2, "the deadline counts again");
    assert_eq!(sleeper.slept(), [secs(3600)]);
}

#[test]
fn skipped_waits_take_no_time_on_any_clock() {
    let _alone = alone();
    let clock = ManualClock::new();
    let _installed = clock.install();
    testing::skip_waits();
    assert_eq!(sleep_for_hours(), 3);
    testing::restore();
    assert_eq!(clock.elapsed(), secs(0));
}

// One attempt.

#[test]
fn run_once_ends_a_call_after_its_first_attempt() {
    let _alone = alone();
    testing::run_once();
    for policy in [AT_ONCE, EACH_HOUR, AT_ONCE.unlimited()] {
        let outcome = policy
            .call("test")
            .execute_blocking(|| Err::<(), _>(TRANSIENT));
        assert_eq!(outcome.attempts(), 1);
        assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
        assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    }
    testing::restore();
    let outcome = AT_ONCE
        .call("test")
        .execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.attempts(), 3);
}

#[test]
fn run_once_changes_no_success_and_no_earlier_check() {
    let _alone = alone();
    testing::run_once();
    assert_eq!(
        AT_ONCE.call("test").run_blocking(|| Ok::<_, Failure>(7)),
        Ok(7)
    );
    let policy = AT_ONCE.class(ErrorClass::Unknown, ClassRule::new().attempts(1));
    let outcome = policy
        .call("test")
        .execute_blocking(|| Err::<(), _>(UNKNOWN));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxUnknownAttempts));
    testing::restore();
}

#[test]
fn both_switches_are_restored_at_once() {
    let _alone = alone();
    testing::skip_waits();
    testing::run_once();
    testing::restore();
    testing::restore();
    let sleeper = RecordingSleeper::default();
    let outcome = EACH_SECOND
        .call("test")
        .sleeper(&sleeper)
        .execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.attempts(), 3);
    assert_eq!(sleeper.slept().len(), 2);
}

// Seeds.

#[test]
fn equal_seeds_give_equal_delays() {
    let _alone = alone();
    let seeded = |seed| {
        let _seed = testing::seed(seed);
        delays(&JITTERED)
    };
    assert_eq!(seeded(7), seeded(7));
    assert_ne!(seeded(7), seeded(8));
}

#[test]
fn one_seed_serves_all_calls_of_the_thread_in_turn() {
    let _alone = alone();
    let _seed = testing::seed(7);
    assert_ne!(delays(&JITTERED), delays(&JITTERED));
}

#[test]
fn a_call_with_a_seed_of_its_own_draws_the_same_in_every_run() {
    let _alone = alone();
    let _seed = testing::seed(7);
    let recorder = Recorder::new();
    let clock = ManualClock::new();
    let call = JITTERED
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .observe(&recorder)
        .seed(1);
    let mut runs = Vec::new();
    for _ in 0..2 {
        recorder.clear();
        let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
        runs.push(recorder.delays());
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0][0], runs[0][1], "but each delay is drawn anew");
}

#[test]
fn a_seed_is_taken_away_with_its_guard() {
    let _alone = alone();
    let outer = testing::seed(7);
    let first = delays(&JITTERED);
    drop(outer);
    let _outer = testing::seed(7);
    {
        let _inner = testing::seed(8);
        assert_ne!(delays(&JITTERED), first);
    }
    assert_eq!(delays(&JITTERED), first, "the outer seed is in force again");
}

#[test]
fn a_seed_holds_for_its_thread_only() {
    let _alone = alone();
    let _seed = testing::seed(7);
    let here = delays(&JITTERED);
    let there = std::thread::spawn(|| delays(&JITTERED))
        .join()
        .expect("no panic");
    assert_ne!(here, there);
}

#[test]
fn a_clock_that_comes_and_goes_does_not_rewind_the_seed() {
    let _alone = alone();
    let _seed = testing::seed(7);
    let clock = ManualClock::new();
    let installed = clock.install();
    let first = delays(&JITTERED);
    drop(installed);
    assert_ne!(delays(&JITTERED), first);
}

// Installed clocks.

fn sleep_for_hours() -> u32 {
    EACH_HOUR
        .call("test")
        .execute_blocking(|| Err::<(), _>(TRANSIENT))
        .attempts()
}

#[test]
fn an_installed_clock_serves_the_calls_of_its_thread() {
    let _alone = alone();
    let clock = ManualClock::new();
    let _installed = clock.install();
    assert_eq!(sleep_for_hours(), 3);
    assert_eq!(clock.elapsed(), secs(7200));
}

#[test]
fn installed_clocks_nest() {
    let _alone = alone();
    let (outer, inner) = (ManualClock::new(), ManualClock::new());
    let _outer = outer.install();
    {
        let _inner = inner.install();
        sleep_for_hours();
    }
    assert_eq!((outer.elapsed(), inner.elapsed()), (secs(0), secs(7200)));
    sleep_for_hours();
    assert_eq!((outer.elapsed(), inner.elapsed()), (secs(7200), secs(7200)));
}

#[test]
fn a_calls_own_clock_comes_before_the_installed_one() {
    let _alone = alone();
    let (installed, own) = (ManualClock::new(), ManualClock::new());
    let _installed = installed.install();
    let call = EACH_HOUR.call("test").clock(&own).sleeper(&own);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.elapsed(), secs(7200));
    assert_eq!(own.elapsed(), secs(7200));
    assert_eq!(installed.elapsed(), secs(0));
}

#[test]
fn a_clock_is_taken_away_even_when_the_test_panics() {
    let _alone = alone();
    let clock = ManualClock::new();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _installed = clock.install();
        panic!("a test panics");
    }));
    assert!(panicked.is_err());
    let policy = EACH_SECOND.backoff(Backoff::fixed(Duration::from_nanos(1)));
    let outcome = policy
        .call("test")
        .execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.attempts(), 3);
    assert_eq!(clock.elapsed(), secs(0));
}
