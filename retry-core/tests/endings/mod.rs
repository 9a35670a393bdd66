//! Every way in which a call ends, as a table, for tests of what is told of it.

#![allow(dead_code, unreachable_pub)] // each test file uses its part of this module

use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use retry_core::testing::{ManualClock, RecordedEvent};
use retry_core::{
    Budget, Bulkhead, CircuitBreaker, ClassRule, ErrorClass, Observer, Outcome, Policy, Sleep,
    SleepDecision, StopReason,
};

use super::support::{
    EACH_HOUR, EACH_SECOND, Failure, PERMANENT, RATE_LIMIT, TRANSIENT, UNKNOWN, millis, secs,
};

/// How long an attempt takes.
const ATTEMPT: Duration = millis(100);

/// How long a circuit stays open.
pub const OPEN_FOR: Duration = secs(30);

/// The failures in a row after which the circuit opens.
const FAILURES: u32 = 5;

/// What another call has told, and how it has ended.
pub type Other = (Vec<RecordedEvent>, Outcome<(), Failure>);

/// What a call has around it: all three guards, none of which has anything against it unless the ending is about that.
pub struct World {
    pub clock: ManualClock,
    pub breaker: CircuitBreaker,
    pub budget: Budget,
    /// With room for one.
    pub bulkhead: Bulkhead,
    /// How many places of the bulkhead, and of the circuit's probes, somebody keeps for ever.
    occupied: AtomicU32,
    probes: AtomicU32,
    runs: AtomicU32,
    others: Mutex<Vec<Other>>,
    /// In milliseconds.
    abort_at: AtomicU64,
}

impl World {
    pub fn new() -> Self {
        Self {
            clock: ManualClock::new(),
            breaker: CircuitBreaker::new("circuit")
                .consecutive(FAILURES)
                .open_for(OPEN_FOR),
            budget: Budget::new("budget").per_window(100, secs(3600)),
            bulkhead: Bulkhead::new("pool", 1).wait(secs(2)),
            occupied: AtomicU32::new(0),
            probes: AtomicU32::new(0),
            runs: AtomicU32::new(0),
            others: Mutex::default(),
            abort_at: AtomicU64::new(u64::MAX),
        }
    }

    /// With somebody who is told of the circuit's transitions.
    pub fn observed(observer: &'static dyn Observer) -> Self {
        let world = Self::new();
        Self {
            breaker: world.breaker.observe(observer),
            ..world
        }
    }

    pub fn occupied(&self) -> u32 {
        self.occupied.load(Ordering::Relaxed)
    }

    pub fn probes(&self) -> usize {
        self.probes.load(Ordering::Relaxed) as usize
    }

    /// Keeps what another call has come to.
    pub fn keep(&self, events: Vec<RecordedEvent>, outcome: Outcome<(), Failure>) {
        let mut others = self.others.lock().expect("no panic while locked");
        others.push((events, outcome));
    }

    pub fn others(&self) -> Vec<Other> {
        std::mem::take(&mut self.others.lock().expect("no panic while locked"))
    }

    pub fn is_aborted(&self) -> bool {
        let at = self.abort_at.load(Ordering::Relaxed);
        self.clock.elapsed() >= Duration::from_millis(at)
    }

    fn abort_at(&self, millis: u64) {
        self.abort_at.store(millis, Ordering::Relaxed);
    }

    fn occupy(&self) {
        std::mem::forget(self.bulkhead.try_acquire().expect("there is room"));
        self.occupied.fetch_add(1, Ordering::Relaxed);
    }

    fn drain(&self) {
        while let Ok(token) = self.budget.withdraw(ErrorClass::Transient) {
            token.spend();
        }
    }

    fn fail(&self, failures: u32) {
        for _ in 0..failures {
            let permit = self.breaker.try_acquire().expect("the circuit is closed");
            permit.fail(ErrorClass::Transient);
        }
    }

    fn take_the_probe(&self) {
        self.fail(FAILURES);
        self.clock.advance(OPEN_FOR);
        std::mem::forget(self.breaker.try_acquire().expect("a probe"));
        self.probes.fetch_add(1, Ordering::Relaxed);
    }

    fn begin(&self) -> u32 {
        self.runs.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// One blocking attempt.
    pub fn attempt(&self, ending: &Ending) -> Result<u8, Failure> {
        let run = self.begin();
        self.clock.advance(ATTEMPT);
        (ending.attempt)(self, run).expect("a blocking attempt ends")
    }

    /// One async attempt.
    pub async fn attempt_async(&self, ending: &Ending) -> Result<u8, Failure> {
        let run = self.begin();
        self.clock.sleep(ATTEMPT).await;
        match (ending.attempt)(self, run) {
            Some(result) => result,
            None => pending().await,
        }
    }
}

/// One way to end.
#[derive(Clone, Copy)]
pub struct Ending {
    pub name: &'static str,
    /// `None` for a success.
    pub reason: Option<StopReason>,
    /// How many attempts start.
    pub attempts: u32,
    pub policy: Policy,
    /// What happens before the call.
    pub before: fn(&World),
    /// What the attempt of this number gives, `None` if it never ends; 0 is not acceptable.
    pub attempt: fn(&World, u32) -> Option<Result<u8, Failure>>,
    /// What happens when the call is about to sleep, and whether it does.
    pub sleep: fn(&World) -> SleepDecision,
    /// Only an async attempt can be cut.
    pub is_cut: bool,
}

/// A call that fails with a transient error each time.
const fn stopped(name: &'static str, reason: StopReason, attempts: u32) -> Ending {
    Ending {
        name,
        reason: Some(reason),
        attempts,
        policy: EACH_SECOND,
        before: |_| {},
        attempt: |_, _| Some(Err(TRANSIENT)),
        sleep: |_| SleepDecision::Sleep,
        is_cut: false,
    }
}

/// At least one for each [`StopReason`], and the successes.
pub const ENDINGS: &[Ending] = &[
    Ending {
        reason: None,
        attempt: |_, _| Some(Ok(7)),
        ..stopped("a success at once", StopReason::Aborted, 1)
    },
    Ending {
        reason: None,
        attempt: |_, run| Some(if run < 3 { Err(TRANSIENT) } else { Ok(7) }),
        ..stopped("a success after retries", StopReason::Aborted, 3)
    },
    Ending {
        reason: None,
        policy: EACH_SECOND.deadline(secs(5)),
        attempt: |world, _| {
            world.clock.advance(secs(60));
            Some(Ok(7))
        },
        ..stopped("a success after the deadline", StopReason::Aborted, 1)
    },
    stopped("the last attempt fails", StopReason::MaxAttemptsGlobal, 3),
    Ending {
        attempt: |_, _| Some(Ok(0)),
        ..stopped(
            "the last value is not acceptable",
            StopReason::MaxAttemptsGlobal,
            3,
        )
    },
    Ending {
        policy: EACH_SECOND.attempt_timeout(secs(1)),
        attempt: |_, _| None,
        is_cut: true,
        ..stopped("the last attempt is cut", StopReason::MaxAttemptsGlobal, 3)
    },
    Ending {
        policy: EACH_SECOND.class(ErrorClass::RateLimit, ClassRule::new().attempts(2)),
        attempt: |_, _| Some(Err(RATE_LIMIT)),
        ..stopped(
            "the last attempt of a class fails",
            StopReason::MaxAttemptsPerClass,
            2,
        )
    },
    Ending {
        attempt: |_, _| Some(Err(UNKNOWN)),
        ..stopped("an unknown failure", StopReason::MaxUnknownAttempts, 2)
    },
    Ending {
        attempt: |_, _| Some(Err(PERMANENT)),
        ..stopped("a permanent failure", StopReason::NonRetryableClass, 1)
    },
    Ending {
        policy: Policy::new().no_backoff(),
        ..stopped("no backoff", StopReason::NoStrategy, 1)
    },
    Ending {
        policy: EACH_HOUR.deadline(secs(60)),
        ..stopped(
            "the next attempt is too late",
            StopReason::DeadlineExceeded,
            1,
        )
    },
    Ending {
        policy: EACH_SECOND.deadline(secs(10)),
        sleep: |world| {
            world.clock.advance(secs(20));
            SleepDecision::Sleep
        },
        ..stopped(
            "the deadline passes in the sleep",
            StopReason::DeadlineExceeded,
            1,
        )
    },
    Ending {
        policy: EACH_SECOND.attempt_timeout(secs(5)).deadline(secs(7)),
        attempt: |_, _| None,
        is_cut: true,
        ..stopped(
            "the deadline cuts an attempt",
            StopReason::DeadlineExceeded,
            2,
        )
    },
    Ending {
        policy: EACH_SECOND.deadline(secs(1)).attempts(1),
        before: World::occupy,
        ..stopped(
            "the deadline passes in the queue",
            StopReason::DeadlineExceeded,
            0,
        )
    },
    Ending {
        before: World::drain,
        ..stopped("the budget is used up", StopReason::BudgetExhausted, 1)
    },
    Ending {
        sleep: |_| SleepDecision::Defer,
        ..stopped("the retry is left to somebody", StopReason::Scheduled, 1)
    },
    Ending {
        sleep: |_| SleepDecision::Abort,
        ..stopped("aborted instead of a sleep", StopReason::Aborted, 1)
    },
    Ending {
        before: |world| world.abort_at(0),
        ..stopped("aborted before the call", StopReason::Aborted, 0)
    },
    Ending {
        before: |world| world.abort_at(50),
        ..stopped("aborted in an attempt", StopReason::Aborted, 1)
    },
    Ending {
        before: |world| world.abort_at(500),
        ..stopped("aborted in a sleep", StopReason::Aborted, 1)
    },
    Ending {
        before: |world| {
            world.occupy();
            world.abort_at(500);
        },
        ..stopped("aborted in the queue", StopReason::Aborted, 0)
    },
    Ending {
        before: |world| world.breaker.force_open(),
        ..stopped("the circuit is open", StopReason::CircuitOpen, 0)
    },
    Ending {
        before: World::take_the_probe,
        ..stopped("somebody else is the probe", StopReason::CircuitOpen, 0)
    },
    Ending {
        before: |world| world.fail(FAILURES - 2),
        ..stopped(
            "the call's failures open the circuit",
            StopReason::CircuitOpen,
            2,
        )
    },
    Ending {
        attempt: |world, _| {
            world.breaker.force_open();
            Some(Err(TRANSIENT))
        },
        ..stopped(
            "the circuit opens in an attempt",
            StopReason::CircuitOpen,
            1,
        )
    },
    Ending {
        sleep: |world| {
            world.breaker.force_open();
            SleepDecision::Sleep
        },
        ..stopped("the circuit opens in a sleep", StopReason::CircuitOpen, 1)
    },
    Ending {
        before: World::occupy,
        ..stopped("the bulkhead is full", StopReason::BulkheadFull, 0)
    },
    Ending {
        sleep: |world| {
            world.occupy();
            SleepDecision::Sleep
        },
        ..stopped("the bulkhead fills in a sleep", StopReason::BulkheadFull, 1)
    },
];

/// How a call is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    Blocking,
    Async,
}

/// The endings with the drivers that can come to them.
pub fn every_ending() -> impl Iterator<Item = (&'static Ending, Driver)> {
    ENDINGS.iter().flat_map(|ending| {
        [Driver::Blocking, Driver::Async]
            .into_iter()
            .filter(|driver| !ending.is_cut || *driver == Driver::Async)
            .map(move |driver| (ending, driver))
    })
}

/// The call that comes to this ending, to which more can be attached.
macro_rules! call_of {
    ($ending:expr, $world:expr, $abort:expr) => {
        $ending
            .policy
            .call("fetch")
            .clock(&$world.clock)
            .sleeper(&$world.clock)
            .breaker(&$world.breaker)
            .budget(&$world.budget)
            .bulkhead(&$world.bulkhead)
            .abort($abort)
            .retry_until(|value: &u8| *value > 0)
            .on_sleep(|_, _| ($ending.sleep)(&$world))
    };
}
pub(crate) use call_of;

/// Runs such a call to its end.
macro_rules! outcome_of {
    ($ending:expr, $world:expr, $driver:expr, $call:expr) => {
        match $driver {
            $crate::endings::Driver::Blocking => $call.execute_blocking(|| $world.attempt($ending)),
            $crate::endings::Driver::Async => {
                $crate::support::poll_to_end($call.execute(|| $world.attempt_async($ending)))
            }
        }
    };
}
pub(crate) use outcome_of;
