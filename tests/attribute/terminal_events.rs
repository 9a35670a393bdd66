//! Exactly one terminal event a call, whatever the caller gets in the end and whatever is done while it is told.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use retry_core::testing::{ManualClock, Recorder};
use retry_core::{
    Budget, Bulkhead, CircuitBreaker, CircuitState, Classification, Classify, ErrorClass, Event,
    EventKind, Observer as _, Outcome, Policy, Sleep as _, StopReason, Stopped, retry,
};

/// Runs a test on a thread of its own, so that one that hangs fails instead of hanging the others.
fn watched(test: impl FnOnce() + Send + 'static) {
    const PATIENCE: Duration = Duration::from_secs(60);
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

/// Panics without a word in the output.
fn panics() -> ! {
    resume_unwind(Box::new(()))
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(future)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Failure {
    Of(ErrorClass),
    Stopped(StopReason),
}

impl Classify for Failure {
    fn classify(&self) -> Classification {
        match self {
            Self::Of(class) => (*class).into(),
            Self::Stopped(_) => ErrorClass::Permanent.into(),
        }
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped.reason())
    }
}

/// How long an attempt takes.
const ATTEMPT: Duration = Duration::from_millis(100);

const TRANSIENT: Failure = Failure::Of(ErrorClass::Transient);

/// What is done while something is told.
type Meddle = fn(&World, &Event<'_>);

/// What a function has around it.
struct World {
    clock: ManualClock,
    breaker: CircuitBreaker,
    budget: Budget,
    bulkhead: Bulkhead,
    aborted: AtomicBool,
    meddle: Meddle,
    told: Recorder,
    given_up: AtomicU32,
    answered: AtomicU32,
    runs: AtomicU32,
    gives: fn(&Self, u32) -> Result<u8, Failure>,
}

impl World {
    fn new(ending: &Ending, meddle: Meddle) -> Self {
        let world = Self {
            clock: ManualClock::new(),
            breaker: CircuitBreaker::new("circuit"),
            budget: Budget::new("budget").per_window(100, Duration::from_secs(3600)),
            bulkhead: Bulkhead::new("pool", 2),
            aborted: AtomicBool::new(false),
            meddle,
            told: Recorder::new(),
            given_up: AtomicU32::new(0),
            answered: AtomicU32::new(0),
            runs: AtomicU32::new(0),
            gives: ending.gives,
        };
        (ending.before)(&world);
        world
    }

    fn begin(&self) -> u32 {
        self.runs.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn attempt(&self) -> Result<u8, Failure> {
        let run = self.begin();
        self.clock.advance(ATTEMPT);
        (self.gives)(self, run)
    }

    async fn attempt_async(&self) -> Result<u8, Failure> {
        let run = self.begin();
        self.clock.sleep(ATTEMPT).await;
        (self.gives)(self, run)
    }

    fn tell(&self, event: &Event<'_>) {
        self.told.on_event(event);
        (self.meddle)(self, event);
    }

    fn give_up(&self, event: &Event<'_>) {
        self.given_up.fetch_add(1, Ordering::Relaxed);
        (self.meddle)(self, event);
    }

    fn answer(&self) {
        assert_eq!(self.ends().len(), 1, "the call has ended");
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    fn ends(&self) -> Vec<EventKind> {
        let kinds = self.told.kinds().into_iter();
        kinds.filter(|kind| kind.is_terminal()).collect()
    }

    /// Somebody takes all places and keeps them.
    fn fill(&self) {
        while let Ok(permit) = self.bulkhead.try_acquire() {
            std::mem::forget(permit);
        }
    }

    fn drain(&self) {
        while let Ok(token) = self.budget.withdraw(ErrorClass::Transient) {
            token.spend();
        }
    }
}

type Call = fn(&World) -> Result<u8, Failure>;

/// What the caller gets.
enum Got {
    Result(Result<u8, Failure>),
    Outcome(Outcome<u8, Failure>),
    /// The fallback, if there is an error, gives 9.
    Answer(Result<u8, Failure>),
}

type Running<'a> = Pin<Box<dyn Future<Output = Got> + 'a>>;

/// One function in every form that an end can have.
struct Forms {
    blocking: Vec<fn(&World) -> Got>,
    asynchronous: Vec<for<'a> fn(&'a World) -> Running<'a>>,
}

/// A function with these keys, all guards, and everybody who can be told.
macro_rules! told {
    ($world:ident, [$($keys:tt)*], $($function:tt)*) => {
        #[retry(
            $($keys)*,
            breaker = $world.breaker,
            budget = $world.budget,
            bulkhead = $world.bulkhead,
            abort = $world.aborted,
            observe = |event: &Event<'_>| $world.tell(event),
            on_retry = |event| ($world.meddle)($world, event),
            on_giving_up = |event| $world.give_up(event)
        )]
        $($function)*
    };
}

/// Both sync and async.
macro_rules! forms {
    ($($keys:tt)*) => {{
        told!(world, [$($keys)*], fn result(world: &World) -> Result<u8, Failure> { world.attempt() });
        told!(world, [$($keys)*, returns = outcome], fn outcome(world: &World) -> Result<u8, Failure> { world.attempt() });
        told!(world, [$($keys)*, fallback = |_| { world.answer(); Ok(9) }], fn answer(world: &World) -> Result<u8, Failure> { world.attempt() });
        Forms {
            blocking: vec![
                |world| Got::Result(result(world)),
                |world| Got::Outcome(outcome(world)),
                |world| Got::Answer(answer(world)),
            ],
            ..async_forms!($($keys)*)
        }
    }};
}

/// Only an async attempt can be cut.
macro_rules! async_forms {
    ($($keys:tt)*) => {{
        told!(world, [$($keys)*], async fn result(world: &World) -> Result<u8, Failure> { world.attempt_async().await });
        told!(world, [$($keys)*, returns = outcome], async fn outcome(world: &World) -> Result<u8, Failure> { world.attempt_async().await });
        told!(world, [$($keys)*, fallback = async |_| { world.answer(); Ok(9) }], async fn answer(world: &World) -> Result<u8, Failure> { world.attempt_async().await });
        Forms {
            blocking: Vec::new(),
            asynchronous: vec![
                |world| Box::pin(async { Got::Result(result(world).await) }),
                |world| Box::pin(async { Got::Outcome(outcome(world).await) }),
                |world| Box::pin(async { Got::Answer(answer(world).await) }),
            ],
        }
    }};
}

/// One way to end.
struct Ending {
    name: &'static str,
    kind: EventKind,
    forms: Forms,
    before: fn(&World),
    gives: fn(&World, u32) -> Result<u8, Failure>,
}

/// A call that fails with a transient error each time.
const fn ending(name: &'static str, kind: EventKind, forms: Forms) -> Ending {
    Ending {
        name,
        kind,
        forms,
        before: |_| {},
        gives: |_, _| Err(TRANSIENT),
    }
}

const PLANLESS: Policy = Policy::new().no_backoff();

fn endings() -> Vec<Ending> {
    let mut endings = by_the_policy();
    endings.extend(by_others());
    endings
}

fn by_the_policy() -> Vec<Ending> {
    vec![
        Ending {
            gives: |_, run| if run < 3 { Err(TRANSIENT) } else { Ok(7) },
            ..ending(
                "a success",
                EventKind::Success,
                forms!(backoff = fixed("1s")),
            )
        },
        ending(
            "the last attempt",
            EventKind::MaxAttemptsExceeded,
            forms!(backoff = fixed("1s")),
        ),
        Ending {
            gives: |_, _| Ok(0),
            ..ending(
                "the last value",
                EventKind::MaxAttemptsExceeded,
                forms!(backoff = none, retry_until = |value| *value > 0),
            )
        },
        Ending {
            gives: |_, _| Err(Failure::Of(ErrorClass::Unknown)),
            ..ending(
                "an unknown failure",
                EventKind::MaxUnknownAttemptsExceeded,
                forms!(backoff = none),
            )
        },
        Ending {
            gives: |_, _| Err(Failure::Of(ErrorClass::Permanent)),
            ..ending(
                "a permanent failure",
                EventKind::PermanentFail,
                forms!(backoff = none),
            )
        },
        ending(
            "no backoff",
            EventKind::NoStrategyConfigured,
            forms!(policy = PLANLESS),
        ),
        Ending {
            gives: |_, _| Err(Failure::Of(ErrorClass::RateLimit)),
            ..ending(
                "the deadline",
                EventKind::DeadlineExceeded,
                forms!(
                    backoff = none,
                    rate_limit(backoff = fixed("1h")),
                    deadline = "1m"
                ),
            )
        },
        ending(
            "the last attempt is cut",
            EventKind::MaxAttemptsExceeded,
            async_forms!(backoff = fixed("1s"), attempt_timeout = "50ms"),
        ),
        ending(
            "the deadline cuts an attempt",
            EventKind::DeadlineExceeded,
            async_forms!(
                attempts = 2,
                backoff = fixed("1s"),
                attempt_timeout = "50ms",
                deadline = "1070ms"
            ),
        ),
    ]
}

fn by_others() -> Vec<Ending> {
    vec![
        Ending {
            before: World::drain,
            ..ending(
                "the budget is used up",
                EventKind::BudgetExhausted,
                forms!(backoff = none),
            )
        },
        Ending {
            before: |world| world.aborted.store(true, Ordering::Relaxed),
            ..ending("aborted", EventKind::Aborted, forms!(backoff = none))
        },
        Ending {
            before: |world| world.breaker.force_open(),
            ..ending(
                "the circuit is open",
                EventKind::CircuitRejected,
                forms!(backoff = none),
            )
        },
        Ending {
            gives: |world, _| {
                world.breaker.force_open();
                Err(TRANSIENT)
            },
            ..ending(
                "the circuit opens",
                EventKind::CircuitRejected,
                forms!(backoff = none),
            )
        },
        Ending {
            before: World::fill,
            ..ending(
                "the bulkhead is full",
                EventKind::BulkheadRejected,
                forms!(backoff = none),
            )
        },
    ]
}

/// What is done, and whether it leaves time and guards as they are.
const MEDDLERS: &[(&str, bool, Meddle)] = &[
    ("nothing", true, |_, _| {}),
    ("a panic", true, |_, _| panics()),
    ("looking", true, |world, _| {
        let _ = (world.breaker.snapshot(), world.budget.statistics());
        let _ = (world.bulkhead.statistics(), world.told.events());
    }),
    ("an hour", false, |world, _| {
        world.clock.advance(Duration::from_secs(3600));
    }),
    ("forcing the circuit open", false, |world, _| {
        world.breaker.force_open();
    }),
    ("using the guards", false, |world, _| {
        drop(world.breaker.try_acquire());
        drop(world.budget.withdraw(ErrorClass::Transient));
        drop(world.bulkhead.try_acquire());
        world.breaker.reset();
    }),
    ("another call", false, |world, _| {
        let _ = another(world);
        panics();
    }),
];

#[retry(
    attempts = 2,
    backoff = fixed("1s"),
    breaker = world.breaker,
    budget = world.budget,
    bulkhead = world.bulkhead
)]
fn another(world: &World) -> Result<u8, Failure> {
    world.clock.advance(ATTEMPT);
    Err(TRANSIENT)
}

/// The call has had one end, which is the last that was told, and the caller got what belongs to it.
fn assert_one_end(world: &World, got: &Got, about: &str) {
    let events = world.told.events();
    let end = events.last().expect("something was told");
    assert_eq!(world.ends(), [end.kind], "{about}");
    let failed = end.kind != EventKind::Success;
    let given_up = world.given_up.load(Ordering::Relaxed);
    assert_eq!(given_up, u32::from(failed), "{about}");
    assert_eq!(end.attempt, world.runs.load(Ordering::Relaxed), "{about}");
    match got {
        Got::Result(result) => {
            assert_eq!(result.is_err(), failed, "{about}");
            if let Err(Failure::Stopped(reason)) = result {
                assert_eq!(end.stop_reason, Some(*reason), "{about}");
            }
        }
        Got::Outcome(outcome) => {
            assert_eq!(end.stop_reason, outcome.stop_reason(), "{about}");
            assert_eq!(end.attempt, outcome.attempts(), "{about}");
        }
        Got::Answer(result) => {
            assert_eq!(result, &Ok(if failed { 9 } else { 7 }), "{about}");
        }
    }
    let answered = failed && matches!(got, Got::Answer(_));
    assert_eq!(
        world.answered.load(Ordering::Relaxed),
        u32::from(answered),
        "{about}"
    );
}

/// The guards do what they are for.
fn assert_sound(world: &World, about: &str) {
    world.breaker.reset();
    world.budget.reset();
    let occupied = world.bulkhead.in_use();
    assert!([0, 2].contains(&occupied), "{about}: a place is held");
    world.bulkhead.resize(occupied + 1);
    assert_eq!(another(world), Err(TRANSIENT), "{about}");
    assert_eq!(world.budget.remaining(), 99, "{about}");
    let circuit = world.breaker.snapshot();
    assert_eq!(
        (circuit.state, circuit.consecutive, circuit.probes),
        (CircuitState::Closed, 2, 0),
        "{about}"
    );
    assert_eq!(world.bulkhead.in_use(), occupied, "{about}");
}

fn run(ending: &Ending, meddler: &(&str, bool, Meddle), call: impl FnOnce(&World) -> Got) {
    let (what, is_idle, meddle) = *meddler;
    let about = format!("{}, {what}", ending.name);
    let world = World::new(ending, meddle);
    let _installed = world.clock.install();
    let got = call(&world);
    assert_one_end(&world, &got, &about);
    if is_idle {
        assert_eq!(world.ends(), [ending.kind], "{about}");
    }
    assert_sound(&world, &about);
}

#[test]
fn a_function_has_one_end_whatever_its_observers_do() {
    watched(|| {
        for ending in endings() {
            for meddler in MEDDLERS {
                for blocking in &ending.forms.blocking {
                    run(&ending, meddler, blocking);
                }
                for asynchronous in &ending.forms.asynchronous {
                    run(&ending, meddler, |world| block_on(asynchronous(world)));
                }
            }
        }
    });
}

#[test]
fn a_future_that_is_dropped_has_no_end() {
    watched(|| {
        for ending in endings() {
            for meddler in MEDDLERS {
                for asynchronous in &ending.forms.asynchronous {
                    for polls in 0.. {
                        if dropped_after(polls, &ending, meddler, *asynchronous) {
                            break;
                        }
                    }
                }
            }
        }
    });
}

/// Whether the call has ended by then.
fn dropped_after(
    polls: usize,
    ending: &Ending,
    meddler: &(&str, bool, Meddle),
    call: for<'a> fn(&'a World) -> Running<'a>,
) -> bool {
    let (what, _, meddle) = *meddler;
    let about = format!("{}, {what}, {polls} polls", ending.name);
    let world = World::new(ending, meddle);
    let _installed = world.clock.install();
    let ended = {
        let mut running = call(&world);
        let mut context = Context::from_waker(Waker::noop());
        (0..polls).any(|_| running.as_mut().poll(&mut context).is_ready())
    };
    assert_eq!(world.ends().len(), usize::from(ended), "{about}");
    if !ended {
        assert_eq!(world.given_up.load(Ordering::Relaxed), 0, "{about}");
        assert_eq!(world.answered.load(Ordering::Relaxed), 0, "{about}");
    }
    assert_sound(&world, &about);
    ended
}

#[test]
fn a_body_that_panics_has_no_end() {
    watched(|| {
        let panicking = Ending {
            gives: |_, run| match run {
                1 => Err(TRANSIENT),
                _ => panics(),
            },
            ..ending("a panic", EventKind::Success, forms!(backoff = none))
        };
        let Forms {
            blocking,
            asynchronous,
        } = &panicking.forms;
        for (about, is_idle, meddle) in MEDDLERS {
            // Others end the call before.
            for form in (0..6).filter(|_| *is_idle) {
                let world = World::new(&panicking, *meddle);
                let _installed = world.clock.install();
                let panicked = catch_unwind(AssertUnwindSafe(|| match form {
                    0..3 => blocking[form](&world),
                    _ => block_on(asynchronous[form - 3](&world)),
                }));
                assert!(panicked.is_err(), "{about}");
                assert_eq!(world.ends(), [], "{about}");
                assert_eq!(world.given_up.load(Ordering::Relaxed), 0, "{about}");
                assert_sound(&world, about);
            }
        }
    });
}

#[test]
fn a_call_whose_fallback_panics_has_ended_once() {
    watched(|| {
        let failing = ending(
            "a failure",
            EventKind::MaxAttemptsExceeded,
            forms!(backoff = none),
        );
        told!(
            world,
            [backoff = none, fallback = |_| panics()],
            fn blocking(world: &World) -> Result<u8, Failure> {
                world.attempt()
            }
        );
        told!(
            world,
            [backoff = none, fallback = async |_| panics()],
            async fn later(world: &World) -> Result<u8, Failure> {
                world.attempt_async().await
            }
        );
        let calls: [Call; 2] = [blocking, |world| block_on(later(world))];
        for call in calls {
            let world = World::new(&failing, |_, _| {});
            let _installed = world.clock.install();
            let panicked = catch_unwind(AssertUnwindSafe(|| call(&world)));
            assert!(panicked.is_err());
            assert_eq!(world.ends(), [EventKind::MaxAttemptsExceeded]);
            assert_eq!(world.given_up.load(Ordering::Relaxed), 1);
            assert_sound(&world, "a panic in the fallback");
        }
    });
}
