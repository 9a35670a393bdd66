//! Exactly one terminal event a call, and it is the last: however the call ends, and whatever observers and hooks do while they are told.

mod endings;
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use endings::{Driver, ENDINGS, Ending, OPEN_FOR, World, call_of, every_ending, outcome_of};
use retry_core::testing::{RecordedEvent, Recorder};
use retry_core::{
    Bulkhead, CircuitBreaker, CircuitState, ErrorClass, Event, EventKind, Observer, Outcome,
    SleepDecision, StopReason, registry, set_global_observer,
};
use support::{AT_ONCE, EACH_SECOND, Failure, TRANSIENT, poll_to_end, secs};

/// Runs a test on a thread of its own, so that one that hangs fails instead of hanging the others.
fn watched(test: impl FnOnce() + Send + 'static) {
    const PATIENCE: Duration = secs(60);
    let _ = set_global_observer(&PANICKING);
    let (sender, ended) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        test();
        drop(sender);
    });
    let waited = ended.recv_timeout(PATIENCE);
    assert_ne!(waited, Err(RecvTimeoutError::Timeout), "the call hangs");
    if let Err(payload) = thread.join() {
        resume_unwind(payload);
    }
}

/// Panics without a word in the output, where thousands of backtraces would take longer than the test.
fn panics() -> ! {
    resume_unwind(Box::new(()))
}

fn kind_of(reason: StopReason) -> EventKind {
    let kinds = [
        (
            StopReason::MaxAttemptsGlobal,
            EventKind::MaxAttemptsExceeded,
        ),
        (
            StopReason::MaxAttemptsPerClass,
            EventKind::MaxAttemptsExceeded,
        ),
        (StopReason::DeadlineExceeded, EventKind::DeadlineExceeded),
        (
            StopReason::MaxUnknownAttempts,
            EventKind::MaxUnknownAttemptsExceeded,
        ),
        (StopReason::NonRetryableClass, EventKind::PermanentFail),
        (StopReason::NoStrategy, EventKind::NoStrategyConfigured),
        (StopReason::BudgetExhausted, EventKind::BudgetExhausted),
        (StopReason::Scheduled, EventKind::Scheduled),
        (StopReason::Aborted, EventKind::Aborted),
        (StopReason::CircuitOpen, EventKind::CircuitRejected),
        (StopReason::BulkheadFull, EventKind::BulkheadRejected),
    ];
    let kind = kinds.iter().find(|kind| kind.0 == reason);
    kind.expect("every reason has a kind").1
}

/// What an observer does while it is told something.
struct Meddler {
    name: &'static str,
    /// Whether it leaves time and guards as they are, so that the call ends as it would without it.
    is_idle: bool,
    meddle: fn(&World, &Event<'_>),
}

const fn idle(name: &'static str, meddle: fn(&World, &Event<'_>)) -> Meddler {
    Meddler {
        name,
        is_idle: true,
        meddle,
    }
}

const fn busy(name: &'static str, meddle: fn(&World, &Event<'_>)) -> Meddler {
    Meddler {
        name,
        is_idle: false,
        meddle,
    }
}

/// Panics when it is dropped, unless that is during a panic.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panics();
        }
    }
}

static MEDDLERS: &[Meddler] = &[
    idle("nothing", |_, _| {}),
    idle("a panic", |_, _| panics()),
    idle("a panic whose payload panics", |_, _| {
        resume_unwind(Box::new(Bomb))
    }),
    idle("looking", |world, event| {
        let _ = (event.to_string(), format!("{event:?}"));
        let _ = (world.breaker.state(), world.breaker.snapshot());
        let _ = (world.budget.remaining(), world.budget.statistics());
        let _ = (world.bulkhead.in_use(), world.bulkhead.statistics());
        let _ = registry::list::<CircuitBreaker>();
        let _ = registry::find::<Bulkhead>("pool");
    }),
    busy("an hour", |world, _| world.clock.advance(secs(3600))),
    busy("forcing the circuit open", |world, _| {
        world.breaker.force_open();
    }),
    busy("forcing the circuit closed", |world, _| {
        world.breaker.force_closed();
    }),
    busy("resetting everything", |world, _| {
        world.breaker.reset();
        world.budget.reset();
    }),
    busy("using the circuit", |world, event| {
        let Ok(permit) = world.breaker.try_acquire() else {
            return;
        };
        match event.kind {
            EventKind::AttemptStarted => permit.succeed(),
            EventKind::AttemptEnded => permit.fail(ErrorClass::Transient),
            _ => drop(permit),
        }
    }),
    busy("using the budget", |world, event| {
        world.budget.deposit();
        if let Ok(token) = world.budget.withdraw(ErrorClass::Transient) {
            if event.kind == EventKind::AttemptEnded {
                token.spend();
            }
        }
    }),
    busy("using the bulkhead", |world, _| {
        drop(world.bulkhead.try_acquire());
        world.bulkhead.resize(3);
        drop(world.bulkhead.try_acquire());
        world.bulkhead.resize(1);
    }),
    busy("another call", |world, _| another_call(world)),
    busy("everything", |world, event| {
        let others = MEDDLERS.iter().filter(|it| it.name != "everything");
        for other in others {
            let ended = catch_unwind(AssertUnwindSafe(|| (other.meddle)(world, event)));
            std::mem::forget(ended);
        }
        panics();
    }),
];

/// A call through the same guards. What it has told is for [`assert_sound`], as nobody notices a panic here.
fn another_call(world: &World) {
    let policy = EACH_SECOND.attempts(2);
    let recorder = Recorder::new();
    let call = policy
        .call("another")
        .clock(&world.clock)
        .sleeper(&world.clock)
        .breaker(&world.breaker)
        .budget(&world.budget)
        .bulkhead(&world.bulkhead)
        .observe(&recorder);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    world.keep(recorder.events(), outcome);
}

/// Attempts in order, each with a beginning and an end, and behind everything else the one end of the call.
#[track_caller]
fn assert_one_end<T>(events: &[RecordedEvent], outcome: &Outcome<T, Failure>, about: &str) {
    let (end, before) = events.split_last().expect("a call has an end");
    assert_eq!(ends(before), [], "{about}");
    let kind = outcome.stop_reason().map_or(EventKind::Success, kind_of);
    assert_eq!(end.kind, kind, "{about}");
    assert_eq!(end.stop_reason, outcome.stop_reason(), "{about}");
    assert_eq!(end.attempt, outcome.attempts(), "{about}");
    let attempts: Vec<u32> = (1..=outcome.attempts()).collect();
    for kind in [EventKind::AttemptStarted, EventKind::AttemptEnded] {
        assert_eq!(numbers(before, kind), attempts, "{about}: {kind}");
    }
    let retries = numbers(before, EventKind::Retry);
    assert!(attempts.starts_with(&retries), "{about}: {retries:?}");
    assert!(retries.len() + 1 >= attempts.len(), "{about}: {retries:?}");
}

fn ends(events: &[RecordedEvent]) -> Vec<EventKind> {
    let kinds = events.iter().map(|event| event.kind);
    kinds.filter(|kind| kind.is_terminal()).collect()
}

/// The attempts that events of this kind are about.
fn numbers(events: &[RecordedEvent], kind: EventKind) -> Vec<u32> {
    let events = events.iter().filter(|event| event.kind == kind);
    events.map(|event| event.attempt).collect()
}

/// Other calls have had one end each, nothing is held, and the guards do what they are for.
#[track_caller]
fn assert_sound(world: &World, about: &str) {
    let _installed = world.clock.install();
    for (events, outcome) in world.others() {
        assert_one_end(&events, &outcome, about);
    }
    let occupied = world.occupied();
    let pool = world.bulkhead.statistics();
    assert_eq!((pool.in_use, pool.queued), (occupied, 0), "{about}");
    assert!(
        world.breaker.snapshot().probes <= world.probes(),
        "{about}: a probe is held"
    );

    world.breaker.reset();
    world.budget.reset();
    world.bulkhead.resize(occupied + 1);
    let call = AT_ONCE
        .call("next")
        .clock(&world.clock)
        .sleeper(&world.clock)
        .breaker(&world.breaker)
        .budget(&world.budget)
        .bulkhead(&world.bulkhead);
    let failed = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(failed.attempts(), 3, "{about}");
    assert_eq!(world.budget.remaining(), 98, "{about}");
    let failed = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(
        failed.stop_reason(),
        Some(StopReason::CircuitOpen),
        "{about}"
    );
    world.clock.advance(OPEN_FOR);
    assert_eq!(call.run_blocking(|| Ok::<_, Failure>(7)), Ok(7), "{about}");
    let circuit = world.breaker.snapshot();
    assert_eq!(
        (circuit.state, circuit.probes),
        (CircuitState::Closed, 0),
        "{about}"
    );
    assert_eq!(world.bulkhead.in_use(), occupied, "{about}");
}

/// The observer of the process.
static PANICKING: fn(&Event<'_>) = |_| panics();

/// The observer of a circuit, which asks the circuit itself.
#[derive(Default)]
struct Asking(OnceLock<&'static World>);

impl Observer for Asking {
    fn on_event(&self, _: &Event<'_>) {
        let world = self.0.get().expect("it is told of nothing before");
        let _ = world.breaker.snapshot();
        drop(world.breaker.try_acquire());
        panics();
    }
}

impl Asking {
    /// A circuit's observer lives for ever, so its circuit may.
    fn world() -> &'static World {
        let asking: &'static Self = Box::leak(Box::default());
        let world = Box::leak(Box::new(World::observed(asking)));
        asking.0.get_or_init(|| world)
    }
}

fn run(ending: &'static Ending, driver: Driver, meddler: &'static Meddler, world: &World) {
    let about = format!("{}, {driver:?}, {}", ending.name, meddler.name);
    let _installed = world.clock.install();
    (ending.before)(world);
    let signal = || world.is_aborted();
    let meddle = |event: &Event<'_>| (meddler.meddle)(world, event);
    let (before, after, hooked) = (Recorder::new(), Recorder::new(), Recorder::new());
    let call = call_of!(ending, world, &signal)
        .observe(&before)
        .observe(&meddle)
        .on_retry(meddle)
        .on_giving_up(meddle)
        .on_giving_up(|event| hooked.on_event(event))
        .observe(&after);
    let outcome = outcome_of!(ending, world, driver, call);

    assert_one_end(&before.events(), &outcome, &about);
    assert_eq!(before.events(), after.events(), "{about}");
    let given_up = usize::from(!outcome.is_success());
    assert_eq!(hooked.events().len(), given_up, "{about}");
    if meddler.is_idle {
        assert_eq!(outcome.stop_reason(), ending.reason, "{about}");
        assert_eq!(outcome.attempts(), ending.attempts, "{about}");
    }
    assert_sound(world, &about);
}

#[test]
fn a_call_has_one_end_whatever_its_observers_do() {
    watched(|| {
        for (ending, driver) in every_ending() {
            for meddler in MEDDLERS {
                run(ending, driver, meddler, &World::new());
                run(ending, driver, meddler, Asking::world());
            }
        }
    });
}

#[test]
fn a_future_that_is_dropped_has_no_end() {
    watched(|| {
        for ending in ENDINGS {
            for meddler in MEDDLERS {
                for polls in 0.. {
                    let world = World::new();
                    if dropped_after(polls, ending, meddler, &world) {
                        break;
                    }
                }
            }
        }
    });
}

/// Whether the call has ended by then.
fn dropped_after(
    polls: usize,
    ending: &'static Ending,
    meddler: &'static Meddler,
    world: &World,
) -> bool {
    let about = format!("{}, {}, {polls} polls", ending.name, meddler.name);
    let _installed = world.clock.install();
    (ending.before)(world);
    let signal = || world.is_aborted();
    let meddle = |event: &Event<'_>| (meddler.meddle)(world, event);
    let recorder = Recorder::new();
    let call = call_of!(ending, world, &signal)
        .observe(&meddle)
        .observe(&recorder);
    let ended = {
        let mut future = pin!(call.execute(|| world.attempt_async(ending)));
        let mut context = Context::from_waker(Waker::noop());
        (0..polls).any(|_| future.as_mut().poll(&mut context).is_ready())
    };
    assert_eq!(
        ends(&recorder.events()).len(),
        usize::from(ended),
        "{about}"
    );
    assert_sound(world, &about);
    ended
}

/// What may panic in a call, besides what is told about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Operation,
    Classifier,
    Filter,
    Predicate,
    SleepRule,
    Abort,
}

#[test]
fn a_call_that_panics_has_no_end() {
    watched(|| {
        for part in [
            Part::Operation,
            Part::Classifier,
            Part::Filter,
            Part::Predicate,
            Part::SleepRule,
            Part::Abort,
        ] {
            for time in 1..3 {
                for driver in [Driver::Blocking, Driver::Async] {
                    panic_in(part, time, driver);
                }
            }
        }
    });
}

/// Panics when the part is used for this time.
fn panic_in(part: Part, time: u32, driver: Driver) {
    let uses = AtomicU32::new(0);
    let uses_of = |used: Part| {
        if used == part && uses.fetch_add(1, Ordering::Relaxed) + 1 == time {
            panics();
        }
    };
    let recorder = Recorder::new();
    let ends_told = AtomicU32::new(0);
    let signal = || {
        uses_of(Part::Abort);
        false
    };
    let runs = AtomicU32::new(0);
    let attempt = || {
        uses_of(Part::Operation);
        let run = runs.fetch_add(1, Ordering::Relaxed);
        if run % 2 == 0 { Err(TRANSIENT) } else { Ok(0) }
    };
    let world = World::new();
    let policy = AT_ONCE.attempts(9);
    let call = policy
        .call("fetch")
        .clock(&world.clock)
        .sleeper(&world.clock)
        .classify(|_: &Failure| {
            uses_of(Part::Classifier);
            ErrorClass::Transient
        })
        .retry_if(|_| {
            uses_of(Part::Filter);
            true
        })
        .retry_until(|value: &u8| {
            uses_of(Part::Predicate);
            *value > 0
        })
        .on_sleep(|_, _| {
            uses_of(Part::SleepRule);
            SleepDecision::Sleep
        })
        .abort(&signal)
        .observe(&recorder)
        .on_giving_up(|_| {
            ends_told.fetch_add(1, Ordering::Relaxed);
        });
    let panicked = catch_unwind(AssertUnwindSafe(|| match driver {
        Driver::Blocking => call.execute_blocking(attempt),
        Driver::Async => poll_to_end(call.execute(async || attempt())),
    }));
    assert!(panicked.is_err(), "{part:?} {time}");
    assert_eq!(ends(&recorder.events()), [], "{part:?} {time}");
    assert_eq!(ends_told.into_inner(), 0, "{part:?} {time}");
}

#[test]
fn a_stop_that_cannot_be_made_an_error_has_been_told_once() {
    watched(|| {
        let recorder = Recorder::new();
        let call = AT_ONCE
            .call("fetch")
            .abort(&|| true)
            .observe(&recorder)
            .on_stop(|_| -> Failure { panics() });
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            call.run_blocking(|| Ok::<(), Failure>(()))
        }));
        assert!(panicked.is_err());
        assert_eq!(recorder.kinds(), [EventKind::Aborted]);
    });
}

#[test]
fn run_has_the_one_end_that_execute_has() {
    watched(|| {
        for (ending, driver) in every_ending() {
            let world = World::new();
            let _installed = world.clock.install();
            (ending.before)(&world);
            let signal = || world.is_aborted();
            let recorder = Recorder::new();
            let call = call_of!(ending, world, &signal).observe(&recorder);
            let result = match driver {
                Driver::Blocking => call.run_blocking(|| world.attempt(ending)),
                Driver::Async => poll_to_end(call.run(|| world.attempt_async(ending))),
            };
            let kind = ending.reason.map_or(EventKind::Success, kind_of);
            assert_eq!(result.is_ok(), ending.reason.is_none(), "{}", ending.name);
            assert_eq!(ends(&recorder.events()), [kind], "{}", ending.name);
        }
    });
}

#[test]
fn calls_on_several_threads_have_one_end_each() {
    watched(|| {
        let world = Asking::world();
        thread::scope(|scope| {
            for first in 0..8 {
                scope.spawn(move || {
                    let _installed = world.clock.install();
                    for call in 0..100 {
                        let meddler = &MEDDLERS[(first + call) % MEDDLERS.len()];
                        on_one_of_several_threads(world, meddler);
                    }
                });
            }
        });
        assert_sound(world, "several threads");
    });
}

fn on_one_of_several_threads(world: &World, meddler: &Meddler) {
    let meddle = |event: &Event<'_>| (meddler.meddle)(world, event);
    let recorder = Recorder::new();
    let call = EACH_SECOND
        .call("fetch")
        .clock(&world.clock)
        .sleeper(&world.clock)
        .breaker(&world.breaker)
        .budget(&world.budget)
        .bulkhead(&world.bulkhead)
        .observe(&meddle)
        .observe(&recorder);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_one_end(&recorder.events(), &outcome, meddler.name);
}
