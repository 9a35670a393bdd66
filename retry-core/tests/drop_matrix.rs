//! Each guard, alone and with the others, in calls that end in every way there is: afterwards nothing is held, what never ran is paid back,
//! what says nothing has counted nothing, and the next call succeeds.

mod support;

use std::cell::RefCell;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use retry_core::testing::ManualClock;
use retry_core::{
    Budget, Bulkhead, CircuitBreaker, CircuitState, Classify, ErrorClass, Event, Outcome, Policy,
    Sleep, SleepDecision, StopReason, Stopped,
};
use support::{
    EACH_SECOND, Failure, PERMANENT, RATE_LIMIT, TRANSIENT, guarded, millis, poll_to_end, secs,
};

/// How long an attempt takes.
const ATTEMPT: Duration = millis(20);
const OPEN_FOR: Duration = secs(10);
const LONGEST_WAIT: Duration = secs(60);
/// How many retries a budget holds.
const RETRIES: u32 = 100;

/// What a call meets that may be the end of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hook {
    Operation,
    Classifier,
    Filter,
    /// `classify_value`.
    ValueRule,
    /// `retry_until`.
    Predicate,
    SleepRule,
    Text,
    Observer,
    Abort,
}

const HOOKS: usize = 9;

/// What an attempt gives. Where it fails it is with a class that a circuit has no opinion on, unless the case is about that.
#[derive(Clone, Copy, Debug)]
enum Gives {
    Value,
    /// A value that is not acceptable.
    Unacceptable,
    Neutral,
    Counted,
    Permanent,
    /// What a call within says that an open circuit has turned away.
    Rejected,
    /// Nothing, for an hour.
    Hangs,
}

use Gives::{Counted, Hangs, Neutral, Rejected, Unacceptable, Value};

/// When somebody else is inside the bulkhead, which has room for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occupied {
    Never,
    FromTheStart,
    FromTheSleepOn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drivers {
    Both,
    /// Only an async attempt can be cut.
    Async,
}

/// What happens while the sleep rule is asked, besides its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    TheDeadlinePasses,
    TheCircuitOpens,
}

/// How the circuit is to see the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Votes {
    None,
    Success,
    Failures(u32),
    /// Others have opened it.
    Opened,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    WithValue,
    Stopped(StopReason),
    Panics,
}

/// One way to end.
#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    gives: &'static [Gives],
    /// The hook that panics, and the how-manieth time it is used; 0 is each time.
    panics: Option<(Hook, u32)>,
    aborted_at: Option<Duration>,
    deadline: Option<Duration>,
    timeout: Option<Duration>,
    decision: SleepDecision,
    meanwhile: Meanwhile,
    occupied: Occupied,
    /// The budget is used up, and the probe's place taken.
    drained: bool,
    probed: bool,
    timeline: bool,
    drivers: Drivers,
    /// Whether it takes an observer, or none.
    watched: Option<bool>,
    // What is to come of it.
    ends: Ends,
    attempts: u32,
    votes: Votes,
    /// How often the call came to the bulkhead for an attempt that never ran.
    in_vain: u64,
}

const fn case(name: &'static str, gives: &'static [Gives], attempts: u32, ends: Ends) -> Case {
    Case {
        name,
        gives,
        panics: None,
        aborted_at: None,
        deadline: None,
        timeout: None,
        decision: SleepDecision::Sleep,
        meanwhile: Meanwhile::Nothing,
        occupied: Occupied::Never,
        drained: false,
        probed: false,
        timeline: false,
        drivers: Drivers::Both,
        watched: None,
        ends,
        attempts,
        votes: Votes::None,
        in_vain: 0,
    }
}

const fn panicking(
    name: &'static str,
    gives: &'static [Gives],
    hook: Hook,
    time: u32,
    attempts: u32,
) -> Case {
    Case {
        panics: Some((hook, time)),
        ..case(name, gives, attempts, Ends::Panics)
    }
}

const fn stopped(
    name: &'static str,
    gives: &'static [Gives],
    attempts: u32,
    reason: StopReason,
) -> Case {
    case(name, gives, attempts, Ends::Stopped(reason))
}

const TWO_FAILURES: &[Gives] = &[Neutral, Neutral, Value];
const WAITING: Case = Case {
    occupied: Occupied::FromTheStart,
    in_vain: 1,
    ..stopped("", TWO_FAILURES, 0, StopReason::BulkheadFull)
};
const WAITING_AGAIN: Case = Case {
    occupied: Occupied::FromTheSleepOn,
    in_vain: 1,
    ..stopped("", TWO_FAILURES, 1, StopReason::BulkheadFull)
};

const CASES: &[Case] = &[
    Case {
        votes: Votes::Success,
        ..case("a success at once", &[Value], 1, Ends::WithValue)
    },
    Case {
        votes: Votes::Success,
        ..case("a success at last", TWO_FAILURES, 3, Ends::WithValue)
    },
    stopped(
        "attempts that say nothing",
        &[Neutral, Neutral, Neutral],
        3,
        StopReason::MaxAttemptsGlobal,
    ),
    Case {
        votes: Votes::Failures(3),
        ..stopped(
            "failures that count",
            &[Counted, Counted, Counted],
            3,
            StopReason::MaxAttemptsGlobal,
        )
    },
    stopped(
        "unacceptable values",
        &[Unacceptable, Unacceptable, Unacceptable],
        3,
        StopReason::MaxAttemptsGlobal,
    ),
    stopped(
        "a failure that is final",
        &[Neutral, Gives::Permanent],
        2,
        StopReason::NonRetryableClass,
    ),
    stopped(
        "a rejection by a call within",
        &[Rejected],
        1,
        StopReason::NonRetryableClass,
    ),
    // Panics.
    panicking("operation 1", TWO_FAILURES, Hook::Operation, 1, 1),
    panicking("operation 2", TWO_FAILURES, Hook::Operation, 2, 2),
    panicking("operation 3", TWO_FAILURES, Hook::Operation, 3, 3),
    panicking("classifier 1", TWO_FAILURES, Hook::Classifier, 1, 1),
    panicking("classifier 2", TWO_FAILURES, Hook::Classifier, 2, 2),
    panicking("filter 1", TWO_FAILURES, Hook::Filter, 1, 1),
    panicking("filter 2", TWO_FAILURES, Hook::Filter, 2, 2),
    panicking(
        "value rule, unacceptable",
        &[Unacceptable, Value],
        Hook::ValueRule,
        1,
        1,
    ),
    panicking(
        "value rule, acceptable",
        &[Unacceptable, Value],
        Hook::ValueRule,
        2,
        2,
    ),
    panicking("predicate", &[Neutral, Value], Hook::Predicate, 1, 2),
    panicking("sleep rule 1", TWO_FAILURES, Hook::SleepRule, 1, 1),
    panicking("sleep rule 2", TWO_FAILURES, Hook::SleepRule, 2, 2),
    Case {
        timeline: true,
        watched: Some(false),
        votes: Votes::Success,
        panics: Some((Hook::Text, 0)),
        ..case("text for the timeline", TWO_FAILURES, 3, Ends::WithValue)
    },
    Case {
        watched: Some(true),
        votes: Votes::Success,
        panics: Some((Hook::Text, 0)),
        ..case("text for an observer", TWO_FAILURES, 3, Ends::WithValue)
    },
    Case {
        watched: Some(true),
        votes: Votes::Success,
        panics: Some((Hook::Observer, 0)),
        ..case("observer", TWO_FAILURES, 3, Ends::WithValue)
    },
    Case {
        watched: Some(true),
        ..panicking("abort before an attempt", TWO_FAILURES, Hook::Abort, 1, 0)
    },
    Case {
        watched: Some(true),
        ..panicking("abort after an attempt", TWO_FAILURES, Hook::Abort, 2, 1)
    },
    Case {
        watched: Some(true),
        ..panicking("abort in the sleep", TWO_FAILURES, Hook::Abort, 3, 1)
    },
    Case {
        watched: Some(true),
        occupied: Occupied::FromTheStart,
        in_vain: 1,
        ..panicking("abort in the queue", TWO_FAILURES, Hook::Abort, 2, 0)
    },
    // Aborts.
    Case {
        watched: Some(true),
        aborted_at: Some(Duration::ZERO),
        ..stopped(
            "aborted from the start",
            TWO_FAILURES,
            0,
            StopReason::Aborted,
        )
    },
    Case {
        watched: Some(true),
        aborted_at: Some(millis(10)),
        ..stopped(
            "aborted in an attempt",
            TWO_FAILURES,
            1,
            StopReason::Aborted,
        )
    },
    Case {
        watched: Some(true),
        aborted_at: Some(millis(500)),
        ..stopped("aborted in the sleep", TWO_FAILURES, 1, StopReason::Aborted)
    },
    Case {
        name: "aborted in the queue",
        watched: Some(true),
        aborted_at: Some(secs(1)),
        ends: Ends::Stopped(StopReason::Aborted),
        ..WAITING
    },
    Case {
        name: "aborted in the queue before the second attempt",
        watched: Some(true),
        aborted_at: Some(secs(2)),
        ends: Ends::Stopped(StopReason::Aborted),
        ..WAITING_AGAIN
    },
    Case {
        decision: SleepDecision::Abort,
        ..stopped(
            "aborted by the sleep rule",
            TWO_FAILURES,
            1,
            StopReason::Aborted,
        )
    },
    Case {
        decision: SleepDecision::Defer,
        ..stopped(
            "deferred by the sleep rule",
            TWO_FAILURES,
            1,
            StopReason::Scheduled,
        )
    },
    // Times.
    Case {
        drivers: Drivers::Async,
        timeout: Some(secs(1)),
        votes: Votes::Failures(3),
        ..stopped("timeouts", &[Hangs], 3, StopReason::MaxAttemptsGlobal)
    },
    Case {
        drivers: Drivers::Async,
        timeout: Some(secs(2)),
        deadline: Some(secs(1)),
        votes: Votes::Failures(1),
        ..stopped(
            "an attempt cut by the deadline",
            &[Hangs],
            1,
            StopReason::DeadlineExceeded,
        )
    },
    Case {
        deadline: Some(secs(1)),
        ..stopped(
            "a sleep beyond the deadline",
            TWO_FAILURES,
            1,
            StopReason::DeadlineExceeded,
        )
    },
    Case {
        deadline: Some(secs(2)),
        meanwhile: Meanwhile::TheDeadlinePasses,
        ..stopped(
            "a sleep that takes longer than it should",
            TWO_FAILURES,
            1,
            StopReason::DeadlineExceeded,
        )
    },
    Case {
        name: "the deadline in the queue",
        deadline: Some(secs(5)),
        ends: Ends::Stopped(StopReason::DeadlineExceeded),
        ..WAITING
    },
    Case {
        name: "the deadline in the queue before the second attempt",
        deadline: Some(secs(5)),
        ends: Ends::Stopped(StopReason::DeadlineExceeded),
        ..WAITING_AGAIN
    },
    // Guards that say no.
    Case {
        name: "no place in the bulkhead",
        ..WAITING
    },
    Case {
        name: "no place for the second attempt",
        ..WAITING_AGAIN
    },
    Case {
        drained: true,
        ..stopped(
            "no retry in the budget",
            TWO_FAILURES,
            1,
            StopReason::BudgetExhausted,
        )
    },
    Case {
        meanwhile: Meanwhile::TheCircuitOpens,
        votes: Votes::Opened,
        ..stopped(
            "a circuit that opens during the sleep",
            TWO_FAILURES,
            1,
            StopReason::CircuitOpen,
        )
    },
    Case {
        probed: true,
        in_vain: 1,
        ..stopped("no probe left", TWO_FAILURES, 0, StopReason::CircuitOpen)
    },
];

/// Which guards there are.
#[derive(Clone, Copy, Debug)]
struct Which {
    breaker: bool,
    budget: bool,
    bulkhead: bool,
}

#[derive(Clone, Copy, Debug)]
enum BudgetForm {
    Window,
    Bucket,
    Ratio,
}

/// The guards, and what happens around the call.
struct World {
    which: Which,
    half_open: bool,
    form: BudgetForm,
    clock: ManualClock,
    started: Duration,
    breaker: Option<CircuitBreaker>,
    budget: Option<Budget>,
    bulkhead: Option<Bulkhead>,
    panics: Option<(Hook, u32)>,
    used: [AtomicU32; HOOKS],
}

impl World {
    fn new(which: Which, half_open: bool, form: BudgetForm, case: &Case) -> Self {
        let clock = ManualClock::new();
        let _installed = clock.install();
        let breaker = which.breaker.then(|| {
            let breaker = CircuitBreaker::new("payments")
                .consecutive(10)
                .open_for(OPEN_FOR);
            let fail = || {
                breaker
                    .try_acquire()
                    .expect("closed")
                    .fail(ErrorClass::Transient);
            };
            // One failure, so that it shows if anything else is counted.
            (0..if half_open { 10 } else { 1 }).for_each(|_| fail());
            clock.advance(OPEN_FOR);
            breaker
        });
        let budget = which.budget.then(|| {
            let budget = Budget::new("payments");
            let budget = match form {
                BudgetForm::Window => budget.per_window(RETRIES, Duration::MAX),
                BudgetForm::Bucket => [
                    ErrorClass::RateLimit,
                    ErrorClass::Transient,
                    ErrorClass::ServerError,
                    ErrorClass::Concurrency,
                    ErrorClass::Unknown,
                ]
                .into_iter()
                .fold(budget.token_bucket(RETRIES), |budget, class| {
                    budget.cost(class, 1)
                }),
                BudgetForm::Ratio => budget.ratio(0.0).floor(RETRIES / 10),
            };
            if case.drained {
                while let Ok(token) = budget.withdraw(ErrorClass::RateLimit) {
                    token.spend();
                }
            }
            budget
        });
        Self {
            which,
            half_open,
            form,
            started: clock.elapsed(),
            clock,
            breaker,
            budget,
            bulkhead: which
                .bulkhead
                .then(|| Bulkhead::new("pool", 1).wait(LONGEST_WAIT)),
            panics: case.panics,
            used: Default::default(),
        }
    }

    /// Notes that something is used, and panics if that is how the call is to end.
    fn uses(&self, hook: Hook) {
        let times = self.used[hook as usize].fetch_add(1, Ordering::Relaxed) + 1;
        let ends = self
            .panics
            .is_some_and(|(panicking, time)| panicking == hook && (time == 0 || time == times));
        assert!(!ends, "expected");
    }

    fn attempts(&self) -> u32 {
        self.used[Hook::Operation as usize].load(Ordering::Relaxed)
    }

    fn spent(&self) -> Duration {
        self.clock.elapsed().saturating_sub(self.started)
    }

    /// Before time is spent, so that no attempt panics without having run.
    fn begin(&self, case: &Case) -> Gives {
        self.uses(Hook::Operation);
        let attempt = self.attempts() as usize - 1;
        *case.gives.get(attempt).unwrap_or(&Hangs)
    }

    fn open_circuit(&self) {
        let Some(breaker) = &self.breaker else {
            return;
        };
        while breaker.state() != CircuitState::Open {
            let permit = breaker.try_acquire().expect("nobody else is inside");
            permit.fail(ErrorClass::Transient);
        }
    }
}

fn give(gives: Gives) -> Result<bool, Failure> {
    match gives {
        Value => Ok(true),
        Unacceptable => Ok(false),
        Neutral => Err(RATE_LIMIT),
        Counted => Err(TRANSIENT),
        Gives::Permanent => Err(PERMANENT),
        Rejected => Err(Failure::Stopped(turned_away())),
        Hangs => panic!("nothing comes of this attempt"),
    }
}

/// By the open circuit of a call within.
fn turned_away() -> Stopped {
    let inner = CircuitBreaker::new("inner");
    inner.force_open();
    let policy = Policy::new();
    let call = policy.call("inner").breaker(&inner);
    let Err(Failure::Stopped(stopped)) = call.run_blocking(|| Ok::<(), Failure>(())) else {
        panic!("the circuit is open");
    };
    stopped
}

/// How a call is run, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Driver {
    Blocking,
    Async,
    /// Dropped after so many polls. If somebody is inside the bulkhead, he leaves before the second.
    Dropped(usize),
}

fn policy_of(case: &Case) -> Policy {
    let mut policy = EACH_SECOND;
    if let Some(deadline) = case.deadline {
        policy = policy.deadline(deadline);
    }
    if let Some(timeout) = case.timeout {
        policy = policy.attempt_timeout(timeout);
    }
    policy
}

/// Keeps the panics that are to happen out of the output; thousands of backtraces take longer than the test.
fn be_quiet_about_expected_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&"expected") {
                tell(info);
            }
        }));
    });
}

/// Runs the case; the outcome, or nothing if it has panicked or was dropped.
#[expect(
    clippy::too_many_lines,
    reason = "everything that may end the call has to outlive it"
)]
fn run(
    world: &World,
    case: &Case,
    driver: Driver,
    watched: bool,
) -> Option<Outcome<bool, Failure>> {
    be_quiet_about_expected_panics();
    let _installed = world.clock.install();
    let occupant = RefCell::new(None);
    let occupy = || {
        let bulkhead = world.bulkhead.as_ref();
        occupant.replace(bulkhead.map(|it| it.try_acquire().expect("room for another")));
    };
    if case.occupied == Occupied::FromTheStart {
        occupy();
    }
    let others = world.breaker.as_ref().filter(|_| case.probed);
    let _probe = others.map(|breaker| breaker.try_acquire().expect("a probe"));
    let blocking = || {
        let gives = world.begin(case);
        world.clock.advance(ATTEMPT);
        give(gives)
    };
    let asynchronous = async || {
        let gives = world.begin(case);
        world.clock.sleep(ATTEMPT / 2).await;
        world.clock.sleep(ATTEMPT / 2).await;
        if matches!(gives, Hangs) {
            world.clock.sleep(secs(3600)).await;
        }
        give(gives)
    };
    let abort = || {
        world.uses(Hook::Abort);
        case.aborted_at.is_some_and(|at| world.spent() >= at)
    };
    let observer = |event: &Event<'_>| {
        world.uses(Hook::Observer);
        let _ = event.error.map(ToString::to_string);
    };
    let predicate = |value: &bool| {
        world.uses(Hook::Predicate);
        *value
    };
    let value_rule = |value: &bool| {
        world.uses(Hook::ValueRule);
        (!value).then(|| ErrorClass::RateLimit.into())
    };
    let policy = policy_of(case);
    let call = policy
        .call("test")
        .clock(&world.clock)
        .sleeper(&world.clock)
        .classify(|failure: &Failure| {
            world.uses(Hook::Classifier);
            failure.classify()
        })
        .retry_if(|_| {
            world.uses(Hook::Filter);
            true
        })
        .describe(|_, formatter| {
            world.uses(Hook::Text);
            formatter.write_str("a failure")
        })
        .on_sleep(|_, _| {
            world.uses(Hook::SleepRule);
            match case.meanwhile {
                Meanwhile::Nothing => {}
                Meanwhile::TheDeadlinePasses => world.clock.advance(secs(2)),
                Meanwhile::TheCircuitOpens => world.open_circuit(),
            }
            if case.occupied == Occupied::FromTheSleepOn {
                occupy();
            }
            case.decision
        });
    let call = guarded!(call, &world.breaker, &world.budget, &world.bulkhead);
    let call = if case.timeline {
        call.timeline(5)
    } else {
        call
    };
    macro_rules! end_of {
        ($call:expr) => {
            match driver {
                Driver::Blocking => Some($call.execute_blocking(blocking)),
                Driver::Async => Some(poll_to_end($call.execute(asynchronous))),
                Driver::Dropped(polls) => {
                    poll_and_drop($call.execute(asynchronous), polls, || drop(occupant.take()))
                }
            }
        };
    }
    let by_predicate = matches!(case.panics, Some((Hook::Predicate, _)));
    let ended = catch_unwind(AssertUnwindSafe(|| match (watched, by_predicate) {
        (false, false) => end_of!(call.classify_value(value_rule)),
        (false, true) => end_of!(call.retry_until(predicate)),
        (true, false) => {
            end_of!(
                call.abort(&abort)
                    .observe(&observer)
                    .classify_value(value_rule)
            )
        }
        (true, true) => end_of!(call.abort(&abort).observe(&observer).retry_until(predicate)),
    }));
    match ended {
        Ok(outcome) => outcome,
        Err(payload) => {
            assert_eq!(payload.downcast_ref::<&str>(), Some(&"expected"));
            None
        }
    }
}

fn poll_and_drop<F: Future>(
    future: F,
    polls: usize,
    before_the_second: impl Fn(),
) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for poll in 0..polls {
        if poll == 1 {
            before_the_second();
        }
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
    }
    if polls == 1 {
        // The place is granted, and nobody takes it.
        before_the_second();
    }
    None
}

/// What is left behind: the same wherever the call has ended.
fn assert_balanced(world: &World, votes: Votes, in_vain: Option<u64>, about: &str) {
    let _installed = world.clock.install();
    let attempts = world.attempts();
    if let Some(bulkhead) = &world.bulkhead {
        let statistics = bulkhead.statistics();
        assert_eq!((statistics.in_use, statistics.queued), (0, 0), "{about}");
        // Who came has either been inside or been turned away; the others are those who held the place.
        if let Some(in_vain) = in_vain {
            let came = statistics.acquired
                + statistics.rejected
                + statistics.timed_out
                + statistics.given_up;
            let others = came - u64::from(attempts) - in_vain;
            assert!(others <= 1, "{about}: {statistics}");
        }
    }
    if let Some(budget) = &world.budget {
        let retries = attempts.saturating_sub(1);
        let statistics = budget.statistics();
        assert_eq!(
            statistics.first_attempts,
            u64::from(attempts.min(1)),
            "{about}"
        );
        let drained = statistics.refused.min(1) * u64::from(RETRIES);
        assert_eq!(
            statistics.allowed - statistics.given_back - drained,
            u64::from(retries),
            "{about}: {statistics}"
        );
        let left = u64::from(RETRIES - retries);
        let expected = match world.form {
            _ if drained > 0 => 0,
            // A success brings one.
            BudgetForm::Bucket if votes == Votes::Success => (left + 1).min(RETRIES.into()),
            // Those of more than ten seconds ago are forgotten.
            BudgetForm::Ratio if world.spent() > secs(9) => budget.remaining(),
            BudgetForm::Window | BudgetForm::Bucket | BudgetForm::Ratio => left,
        };
        assert_eq!(budget.remaining(), expected, "{about}");
    }
    if let Some(breaker) = &world.breaker {
        let now = breaker.snapshot();
        assert_eq!(now.probes, 0, "{about}");
        match (world.half_open, votes) {
            (false, Votes::None) => {
                assert_eq!(
                    (now.state, now.consecutive),
                    (CircuitState::Closed, 1),
                    "{about}"
                );
            }
            (true, Votes::None) => {
                assert_ne!(now.state, CircuitState::Closed, "{about}");
                assert_eq!((now.successes, now.openings), (0, 1), "{about}");
            }
            (_, Votes::Success) => {
                assert_eq!(
                    (now.state, now.consecutive),
                    (CircuitState::Closed, 0),
                    "{about}"
                );
            }
            (false, Votes::Failures(failures)) => {
                let streak = (now.state, now.consecutive);
                assert_eq!(streak, (CircuitState::Closed, 1 + failures), "{about}");
            }
            (true, Votes::Failures(_)) | (_, Votes::Opened) => {
                assert_eq!(now.state, CircuitState::Open, "{about}");
                world.clock.advance(OPEN_FOR);
            }
        }
    }
}

fn assert_next_call_succeeds(world: &World, about: &str) {
    let _installed = world.clock.install();
    let call = guarded!(
        EACH_SECOND.call("next"),
        &world.breaker,
        &world.budget,
        &world.bulkhead
    );
    assert_eq!(call.run_blocking(|| Ok::<_, Failure>(7)), Ok(7), "{about}");
    if let Some(breaker) = &world.breaker {
        let now = breaker.snapshot();
        assert_eq!(
            (now.state, now.probes, now.consecutive),
            (CircuitState::Closed, 0, 0),
            "{about}"
        );
    }
    if let Some(bulkhead) = &world.bulkhead {
        assert_eq!(bulkhead.in_use(), 0, "{about}");
    }
}

/// The seven sets of guards, each with its circuit in each state and its budget in each form.
fn worlds(case: &Case) -> impl Iterator<Item = World> {
    let sets = (1..8_u8).map(|bits| Which {
        breaker: bits & 1 != 0,
        budget: bits & 2 != 0,
        bulkhead: bits & 4 != 0,
    });
    let states = sets.flat_map(|which| {
        [false, true]
            .into_iter()
            .filter(move |half_open| which.breaker || !half_open)
            .map(move |half_open| (which, half_open))
    });
    let forms = |(which, half_open): (Which, bool)| {
        [BudgetForm::Window, BudgetForm::Bucket, BudgetForm::Ratio]
            .into_iter()
            .take(if which.budget { 3 } else { 1 })
            .map(move |form| (which, half_open, form))
    };
    states
        .flat_map(forms)
        .map(|(which, half_open, form)| World::new(which, half_open, form, case))
}

/// Whether the case can be made of these guards.
fn applies(case: &Case, world: &World) -> bool {
    (case.occupied == Occupied::Never || world.which.bulkhead)
        && (!case.drained || world.which.budget)
        && (!case.probed || world.half_open)
        && (case.meanwhile != Meanwhile::TheCircuitOpens || world.which.breaker)
}

fn check(world: &World, case: &Case, driver: Driver, watched: bool) {
    let about = format!(
        "{}, {driver:?}, {}, {:?}, {}, {:?}",
        case.name,
        if watched { "watched" } else { "unwatched" },
        world.which,
        if world.half_open {
            "half-open"
        } else {
            "closed"
        },
        world.form,
    );
    let outcome = run(world, case, driver, watched);
    // A probe that fails opens the circuit, and there is no second attempt.
    let reopened = world.half_open && matches!(case.votes, Votes::Failures(2..));
    let (ends, attempts) = if reopened {
        (Ends::Stopped(StopReason::CircuitOpen), 1)
    } else {
        (case.ends, case.attempts)
    };
    let ended = match &outcome {
        None => Ends::Panics,
        Some(outcome) => match outcome.stop_reason() {
            None => Ends::WithValue,
            Some(reason) => Ends::Stopped(reason),
        },
    };
    assert_eq!((ended, world.attempts()), (ends, attempts), "{about}");
    if let Some(outcome) = &outcome {
        assert_eq!(outcome.attempts(), attempts, "{about}");
    }
    let in_vain = case.in_vain * u64::from(world.which.bulkhead);
    assert_balanced(world, case.votes, Some(in_vain), &about);
    assert_next_call_succeeds(world, &about);
}

#[test]
fn however_a_call_ends_it_leaves_nothing_behind() {
    let mut checked = 0;
    for case in CASES {
        for driver in [Driver::Blocking, Driver::Async] {
            if driver == Driver::Blocking && case.drivers == Drivers::Async {
                continue;
            }
            for watched in [false, true] {
                if case.watched.is_some_and(|only| only != watched) {
                    continue;
                }
                for world in worlds(case) {
                    if applies(case, &world) {
                        check(&world, case, driver, watched);
                        checked += 1;
                    }
                }
            }
        }
    }
    println!("{checked} calls");
    assert!(checked > 2_000, "{checked}");
}

/// Drops the call after each number of polls, until it ends first.
fn drop_at_every_poll(case: &Case) {
    for watched in [false, true] {
        for index in 0..worlds(case).count() {
            for polls in 0.. {
                let world = worlds(case).nth(index).expect("as many as before");
                if !applies(case, &world) {
                    break;
                }
                let outcome = run(&world, case, Driver::Dropped(polls), watched);
                let about = format!(
                    "{} dropped after {polls} polls, {}, {:?}, {}, {:?}",
                    case.name,
                    if watched { "watched" } else { "unwatched" },
                    world.which,
                    if world.half_open {
                        "half-open"
                    } else {
                        "closed"
                    },
                    world.form,
                );
                let votes = match &outcome {
                    Some(_) => case.votes,
                    None => Votes::None,
                };
                assert_balanced(&world, votes, None, &about);
                assert_next_call_succeeds(&world, &about);
                if let Some(outcome) = outcome {
                    assert_eq!(outcome.attempts(), case.attempts, "{about}");
                    // There was more than one point to drop it at.
                    assert!(polls > 4, "{about}");
                    break;
                }
            }
        }
    }
}

#[test]
fn a_call_dropped_at_any_point_leaves_nothing_behind() {
    drop_at_every_poll(&Case {
        votes: Votes::Success,
        ..case("a call", TWO_FAILURES, 3, Ends::WithValue)
    });
}

#[test]
fn a_call_that_queues_and_is_dropped_at_any_point_leaves_nothing_behind() {
    drop_at_every_poll(&Case {
        occupied: Occupied::FromTheStart,
        votes: Votes::Success,
        ..case("a call that queues", TWO_FAILURES, 3, Ends::WithValue)
    });
}

#[test]
fn a_call_that_never_gets_a_place_and_is_dropped_at_any_point_leaves_nothing_behind() {
    drop_at_every_poll(&Case {
        name: "a call that queues again",
        deadline: Some(secs(3)),
        ..WAITING_AGAIN
    });
}

#[test]
fn a_call_with_a_timer_dropped_at_any_point_leaves_nothing_behind() {
    drop_at_every_poll(&Case {
        timeout: Some(secs(1)),
        votes: Votes::Success,
        ..case("a call with a timer", TWO_FAILURES, 3, Ends::WithValue)
    });
}
