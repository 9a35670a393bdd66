//! What the tests share: an error whose class the test chooses, and operations that follow a script on virtual time.

#![allow(dead_code, unreachable_pub)] // each test file uses its part of this module

use std::cell::Cell;
use std::time::Duration;

use retry_core::testing::ManualClock;
use retry_core::{Classification, Classify, ErrorClass, Stopped};

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
