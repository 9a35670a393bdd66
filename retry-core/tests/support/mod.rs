//! What the tests share: an error whose class the test chooses, and operations that follow a script on virtual time.

#![allow(dead_code, unreachable_pub)] // each test file uses its part of this module

use std::cell::Cell;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use retry_core::testing::ManualClock;
use retry_core::time::Wait;
use retry_core::{
    Backoff, Bulkhead, BulkheadPermit, Classification, Classify, Clock, ErrorClass, Policy, Sleep,
    Stopped,
};

pub const AT_ONCE: Policy = Policy::new().backoff(Backoff::none());
pub const EACH_SECOND: Policy = Policy::new().backoff(Backoff::fixed(secs(1)));
pub const EACH_HOUR: Policy = Policy::new().backoff(Backoff::fixed(secs(3600)));

/// A failure of a class, perhaps with a server's hint.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    Of(ErrorClass),
    Hint(ErrorClass, Duration),
    Stopped(Stopped),
}

pub const TRANSIENT: Failure = Failure::Of(ErrorClass::Transient);
pub const UNKNOWN: Failure = Failure::Of(ErrorClass::Unknown);
pub const PERMANENT: Failure = Failure::Of(ErrorClass::Permanent);
pub const RATE_LIMIT: Failure = Failure::Of(ErrorClass::RateLimit);
pub const SERVER_ERROR: Failure = Failure::Of(ErrorClass::ServerError);

impl Classify for Failure {
    fn classify(&self) -> Classification {
        match self {
            Self::Of(class) => Classification::new(*class),
            Self::Hint(class, after) => Classification::new(*class).with_retry_after(*after),
            Self::Stopped(stopped) => stopped.classify(),
        }
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

pub const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// An operation that gives one result after the other, the last one for ever, and takes some virtual time for each.
pub struct Script<T, E> {
    results: Vec<Result<T, E>>,
    runs: Cell<usize>,
    clock: ManualClock,
    takes: Duration,
}

impl<T: Clone, E: Clone> Script<T, E> {
    pub fn new(results: impl Into<Vec<Result<T, E>>>) -> Self {
        Self {
            results: results.into(),
            runs: Cell::new(0),
            clock: ManualClock::new(),
            takes: Duration::ZERO,
        }
    }

    pub fn taking(mut self, takes: Duration, clock: &ManualClock) -> Self {
        self.takes = takes;
        self.clock = clock.clone();
        self
    }

    pub fn runs(&self) -> usize {
        self.runs.get()
    }

    pub fn attempt(&self) -> Result<T, E> {
        self.clock.advance(self.takes);
        let run = self.runs.get();
        self.runs.set(run + 1);
        assert!(run < 100_000, "the call does not end");
        self.results[run.min(self.results.len() - 1)].clone()
    }
}

/// Runs a future on a current-thread tokio runtime whose time is paused.
pub fn on_tokio<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// Polls a future until it is ready, outside of any runtime; for futures that wake themselves, as those on a [`ManualClock`] do.
pub fn poll_to_end<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("the future makes no progress");
}

/// Polls a future once, outside of any runtime; it has to be ready.
pub fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future has to wait"),
    }
}

/// A clock and a sleeper on virtual time that keeps how long it was asked to sleep, and refuses to sleep for no time.
#[derive(Default)]
pub struct RecordingSleeper {
    pub clock: ManualClock,
    slept: Mutex<Vec<Duration>>,
}

impl RecordingSleeper {
    pub fn slept(&self) -> Vec<Duration> {
        self.slept.lock().expect("no panic while locked").clone()
    }

    fn record(&self, duration: Duration) {
        assert!(!duration.is_zero(), "a zero-length wait touched the timer");
        self.slept
            .lock()
            .expect("no panic while locked")
            .push(duration);
    }
}

impl Clock for RecordingSleeper {
    fn now(&self) -> Instant {
        self.clock.now()
    }
}

impl Sleep for RecordingSleeper {
    fn sleep(&self, duration: Duration) -> Wait<'_> {
        self.record(duration);
        self.clock.sleep(duration)
    }

    fn sleep_blocking(&self, duration: Duration) {
        self.record(duration);
        self.clock.sleep_blocking(duration);
    }
}

/// Sleeps on a clock, and lets somebody leave a bulkhead at a moment of it.
#[derive(Default)]
pub struct Leaving<'b> {
    pub clock: ManualClock,
    inside: Mutex<Option<(BulkheadPermit<'b>, Duration)>>,
}

impl<'b> Leaving<'b> {
    /// Somebody is inside until then.
    pub fn from(bulkhead: &'b Bulkhead, until: Duration) -> Self {
        let leaving = Self::default();
        leaving.enter(bulkhead, until);
        leaving
    }

    /// Somebody enters who stays until then, if there is room.
    pub fn enter(&self, bulkhead: &'b Bulkhead, until: Duration) {
        let permit = bulkhead.try_acquire().ok();
        let mut inside = self.inside.lock().expect("no panic while locked");
        *inside = permit.map(|permit| (permit, until));
    }
}

impl Sleep for Leaving<'_> {
    fn sleep(&self, _: Duration) -> Wait<'_> {
        unreachable!("the calls block")
    }

    fn sleep_blocking(&self, duration: Duration) {
        self.clock.advance(duration);
        let mut inside = self.inside.lock().expect("no panic while locked");
        drop(inside.take_if(|(_, until)| self.clock.elapsed() >= *until));
    }
}

/// A call with those of the three guards that there are; there has to be one.
#[allow(unused_macros)] // each test file uses its part of this module
macro_rules! guarded {
    ($call:expr, $breaker:expr, $budget:expr, $bulkhead:expr) => {{
        let call = $call;
        match ($breaker, $budget, $bulkhead) {
            (Some(breaker), None, None) => call.breaker(breaker),
            (None, Some(budget), None) => call.budget(budget),
            (None, None, Some(bulkhead)) => call.bulkhead(bulkhead),
            (Some(breaker), Some(budget), None) => call.breaker(breaker).budget(budget),
            (Some(breaker), None, Some(bulkhead)) => call.breaker(breaker).bulkhead(bulkhead),
            (None, Some(budget), Some(bulkhead)) => call.budget(budget).bulkhead(bulkhead),
            (Some(breaker), Some(budget), Some(bulkhead)) => {
                call.breaker(breaker).budget(budget).bulkhead(bulkhead)
            }
            (None, None, None) => panic!("a call without guards has another type"),
        }
    }};
}
#[allow(unused_imports)] // as above
pub(crate) use guarded;
