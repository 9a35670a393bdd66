//! `on_retry` and `on_giving_up`: closures that are told of each retry, and once of an end without success.

mod endings;
mod support;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};

use endings::{World, call_of, every_ending, outcome_of};
use retry_core::testing::{ManualClock, RecordedEvent, Recorder};
use retry_core::{Event, EventKind, Observer, StopReason};
use support::{
    AT_ONCE, EACH_SECOND, Failure, PERMANENT, Script, TRANSIENT, millis, poll_to_end, secs,
};

fn gives_up(event: &RecordedEvent) -> bool {
    event.kind.is_terminal() && event.kind != EventKind::Success
}

#[test]
fn each_retry_is_told_and_every_end_without_success_once() {
    let mut reasons = BTreeSet::new();
    for (ending, driver) in every_ending() {
        let about = format!("{}, {driver:?}", ending.name);
        let world = World::new();
        let _installed = world.clock.install();
        (ending.before)(&world);
        let signal = || world.is_aborted();
        let (all, retries, ends) = (Recorder::new(), Recorder::new(), Recorder::new());
        let call = call_of!(ending, world, &signal)
            .describe(|error: &Failure, formatter| write!(formatter, "{error:?}"))
            .observe(&all)
            .on_retry(|event| retries.on_event(event))
            .on_giving_up(|event| ends.on_event(event));
        let outcome = outcome_of!(ending, world, driver, call);

        assert_eq!(outcome.stop_reason(), ending.reason, "{about}");
        assert_eq!(outcome.attempts(), ending.attempts, "{about}");
        let mut expected = all.events();
        expected.retain(|event| event.kind == EventKind::Retry);
        assert_eq!(retries.events(), expected, "{about}");
        let mut expected = all.events();
        expected.retain(gives_up);
        assert_eq!(ends.events(), expected, "{about}");
        let told: Vec<_> = ends.events().iter().map(|end| end.stop_reason).collect();
        match ending.reason {
            Some(reason) => assert_eq!(told, [Some(reason)], "{about}"),
            None => assert_eq!(told, [], "{about}"),
        }
        reasons.extend(outcome.stop_reason().map(StopReason::as_str));
    }
    assert_eq!(reasons.len(), 11, "every reason to stop: {reasons:?}");
}

#[test]
fn a_hook_alone_is_told_all_that_an_observer_is() {
    let clock = ManualClock::new();
    let (retries, ends) = (Recorder::new(), Recorder::new());
    let script = Script::new([Err(TRANSIENT)]).taking(millis(100), &clock);
    let policy = EACH_SECOND.attempts(2);
    let call = policy
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .describe(|_: &Failure, formatter| formatter.write_str("no answer"))
        .on_retry(|event| retries.on_event(event))
        .on_giving_up(|event| ends.on_event(event));
    assert_eq!(
        call.run_blocking(|| script.attempt()),
        Err::<(), _>(TRANSIENT)
    );

    let [retry] = &retries.events()[..] else {
        panic!("one retry");
    };
    assert_eq!((retry.operation, retry.attempt), ("fetch", 1));
    assert_eq!((retry.delay, retry.elapsed), (Some(secs(1)), millis(100)));
    assert_eq!(retry.error.as_deref(), Some("no answer"));
    let [end] = &ends.events()[..] else {
        panic!("one end");
    };
    assert_eq!((end.kind, end.attempt), (EventKind::MaxAttemptsExceeded, 2));
    assert_eq!(end.stop_reason, Some(StopReason::MaxAttemptsGlobal));
    assert_eq!(end.elapsed, millis(1200));
    assert_eq!(end.error.as_deref(), Some("no answer"));
}

#[test]
fn hooks_and_observers_are_told_in_the_order_of_attachment() {
    let told = Mutex::new(Vec::new());
    let note = |name: &'static str| {
        let told = &told;
        move |event: &Event<'_>| told.lock().expect("no panic").push((name, event.kind))
    };
    let (first, third) = (note("first"), note("third"));
    let policy = AT_ONCE.attempts(2);
    let call = policy
        .call("fetch")
        .observe(&first)
        .on_retry(note("second"))
        .on_giving_up(note("second"))
        .observe(&third)
        .on_giving_up(note("fourth"))
        .on_retry(note("fourth"));
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    let of = |kind| {
        let told = told.lock().expect("no panic");
        let names = told.iter().filter(|it| it.1 == kind).map(|it| it.0);
        names.collect::<Vec<_>>()
    };
    let all = ["first", "second", "third", "fourth"];
    assert_eq!(of(EventKind::Retry), all);
    assert_eq!(of(EventKind::MaxAttemptsExceeded), all);
    assert_eq!(
        of(EventKind::AttemptEnded),
        ["first", "third", "first", "third"]
    );
}

/// Panics when it is dropped, unless that is during a panic.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(
            std::thread::panicking(),
            "a payload that panics when dropped"
        );
    }
}

#[test]
fn a_hook_that_panics_changes_nothing() {
    let (retries, ends) = (Cell::new(0), Cell::new(0));
    let recorder = Recorder::new();
    let call = AT_ONCE
        .call("fetch")
        .on_retry(|_| panic!("a hook panics"))
        .on_retry(|_| retries.set(retries.get() + 1))
        .on_giving_up(|_| panic_any(Bomb))
        .on_giving_up(|_| ends.set(ends.get() + 1))
        .observe(&recorder);
    assert_eq!(
        call.run_blocking(|| Err::<(), _>(TRANSIENT)),
        Err(TRANSIENT)
    );
    assert_eq!((retries.get(), ends.get()), (2, 1));
    assert_eq!(recorder.count(EventKind::AttemptStarted), 3);
    assert_eq!(recorder.count(EventKind::MaxAttemptsExceeded), 1);
}

#[test]
fn the_retry_is_told_before_the_call_sleeps_and_the_end_before_it_returns() {
    let clock = ManualClock::new();
    let times = RefCell::new(Vec::new());
    let ended = Cell::new(false);
    let call = EACH_SECOND
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .on_retry(|_| times.borrow_mut().push(clock.elapsed()))
        .on_giving_up(|_| ended.set(true))
        .abort(&|| false)
        .on_stop(|stopped| {
            assert!(ended.get(), "the end comes first");
            Failure::Stopped(stopped)
        })
        .retry_until(|(): &()| false);
    assert!(call.run_blocking(|| Ok::<(), Failure>(())).is_err());
    assert_eq!(*times.borrow(), [secs(0), secs(1)]);
}

#[test]
fn a_future_that_is_dropped_gives_nothing_up() {
    for (ending, _) in every_ending() {
        for polls in 0.. {
            let world = World::new();
            let _installed = world.clock.install();
            (ending.before)(&world);
            let signal = || world.is_aborted();
            let ends = Cell::new(0);
            let call = call_of!(ending, world, &signal).on_giving_up(|_| ends.set(ends.get() + 1));
            let ended = {
                let mut future = pin!(call.execute(|| world.attempt_async(ending)));
                let mut context = Context::from_waker(Waker::noop());
                (0..polls).any(|_| future.as_mut().poll(&mut context).is_ready())
            };
            assert_eq!(
                ends.get(),
                u32::from(ended && ending.reason.is_some()),
                "{} after {polls} polls",
                ending.name
            );
            if ended {
                break;
            }
        }
    }
}

#[test]
fn an_operation_that_panics_gives_nothing_up() {
    let (retries, ends) = (Cell::new(0), Cell::new(0));
    let runs = Cell::new(0);
    let call = AT_ONCE
        .call("fetch")
        .on_retry(|_| retries.set(retries.get() + 1))
        .on_giving_up(|_| ends.set(ends.get() + 1));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        call.run_blocking(|| {
            runs.set(runs.get() + 1);
            assert!(runs.get() < 2, "an operation panics");
            Err::<(), _>(TRANSIENT)
        })
    }));
    assert!(panicked.is_err());
    assert_eq!((retries.get(), ends.get()), (1, 0));
}

#[test]
fn a_hook_may_capture_what_threads_cannot_share() {
    let told = Rc::new(Cell::new(0));
    let counter = Rc::clone(&told);
    let clock = ManualClock::new();
    let call = AT_ONCE
        .call("fetch")
        .sleeper(&clock)
        .on_retry(move |event| counter.set(counter.get() + event.attempt))
        .on_giving_up(|_| told.set(told.get() + 100));
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(told.get(), 103);
    let _ = poll_to_end(call.execute(async || Err::<(), _>(PERMANENT)));
    assert_eq!(told.get(), 203);
}

#[test]
fn a_hook_that_threads_can_share_leaves_the_future_send() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let ends = AtomicU32::new(0);
    let clock = ManualClock::new();
    let call = AT_ONCE
        .call("fetch")
        .sleeper(&clock)
        .on_retry(|_| {})
        .on_giving_up(|_| {
            ends.fetch_add(1, Ordering::Relaxed);
        });
    let borrowed = &call;
    let future = assert_send(async move { borrowed.run(async || Err::<(), _>(TRANSIENT)).await });
    assert_eq!(poll_to_end(future), Err(TRANSIENT));
    assert_eq!(ends.into_inner(), 1);
}

#[test]
fn a_call_with_hooks_can_be_cloned_and_run_again() {
    let ends = Cell::new(0);
    let call = AT_ONCE
        .call("fetch")
        .on_giving_up(|_| ends.set(ends.get() + 1));
    let other = call.clone();
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    let _ = call.execute_blocking(|| Ok::<_, Failure>(()));
    let _ = other.execute_blocking(|| Err::<(), _>(PERMANENT));
    assert_eq!(ends.get(), 2);
}
