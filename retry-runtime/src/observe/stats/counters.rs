//! The counters of one operation.
//!
//! Each stands for itself and only grows, so relaxed order suffices. What is said about ended calls in more than one way (how many there were,
//! how they ended, how many attempts they took) is summed from one table when it is read: it may be a moment old, but it always adds up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::buckets::{BUCKETS, bucket, range};
use super::snapshot::{AttemptsBucket, OperationStats};
use crate::class::ErrorClass;
use crate::event::{Event, EventKind};
use crate::outcome::StopReason;

/// One more because of an event.
#[derive(Clone, Copy)]
pub(super) enum Increment {
    FirstAttempt,
    Retry,
    FailedAttempt(ErrorClass),
    Slept(Duration),
    Ended {
        attempts: u32,
        /// `None` if with success.
        stop: Option<StopReason>,
    },
}

impl Increment {
    /// What the event is counted as; `None` for those that say nothing more about a call, or are not about one.
    pub(super) fn of(event: &Event<'_>) -> Option<Self> {
        let attempts = event.attempt;
        match event.kind {
            EventKind::AttemptStarted if attempts == 1 => Some(Self::FirstAttempt),
            EventKind::AttemptStarted => Some(Self::Retry),
            EventKind::AttemptEnded => event.class.map(Self::FailedAttempt),
            EventKind::Retry => event.delay.map(Self::Slept),
            EventKind::Success => Some(Self::Ended {
                attempts,
                stop: None,
            }),
            // A stop, or the state of a guard.
            _ => event.stop_reason.map(|reason| Self::Ended {
                attempts,
                stop: Some(reason),
            }),
        }
    }
}

#[derive(Debug)]
pub(super) struct Counters {
    first_attempts: AtomicU64,
    retries: AtomicU64,
    slept_nanos: AtomicU64,
    failed_attempts: [AtomicU64; ErrorClass::ALL.len()],
    /// How many attempts the calls that have ended took.
    attempts_of_ended: AtomicU64,
    succeeded: ByAttempts,
    stopped: [ByAttempts; StopReason::ALL.len()],
}

/// Calls by the bucket of their attempts.
type ByAttempts = [AtomicU64; BUCKETS];

impl Counters {
    pub(super) const fn new() -> Self {
        Self {
            first_attempts: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            slept_nanos: AtomicU64::new(0),
            failed_attempts: [const { AtomicU64::new(0) }; ErrorClass::ALL.len()],
            attempts_of_ended: AtomicU64::new(0),
            succeeded: [const { AtomicU64::new(0) }; BUCKETS],
            stopped: [const { [const { AtomicU64::new(0) }; BUCKETS] }; StopReason::ALL.len()],
        }
    }

    pub(super) fn add(&self, increment: Increment) {
        match increment {
            Increment::FirstAttempt => add(&self.first_attempts, 1),
            Increment::Retry => add(&self.retries, 1),
            Increment::FailedAttempt(class) => add(&self.failed_attempts[class.index()], 1),
            Increment::Slept(delay) => self.add_sleep(delay),
            Increment::Ended { attempts, stop } => {
                let by_attempts = match stop {
                    None => &self.succeeded,
                    Some(reason) => &self.stopped[reason.index()],
                };
                add(&self.attempts_of_ended, attempts.into());
                add(&by_attempts[bucket(attempts)], 1);
            }
        }
    }

    /// Unlike what is counted one by one, the delays of a few calls can exceed what fits: then their sum stays where it is.
    fn add_sleep(&self, delay: Duration) {
        let nanos = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        let add = |slept: u64| Some(slept.saturating_add(nanos));
        let order = Ordering::Relaxed;
        let _ = self.slept_nanos.fetch_update(order, order, add);
    }

    /// What has been counted, each counter read by `read`.
    pub(super) fn read(
        &self,
        operation: &'static str,
        read: impl Fn(&AtomicU64) -> u64,
    ) -> OperationStats {
        let mut stats = OperationStats {
            first_attempts: read(&self.first_attempts),
            retries: read(&self.retries),
            slept: Duration::from_nanos(read(&self.slept_nanos)),
            attempts_of_ended: read(&self.attempts_of_ended),
            ..OperationStats::none(operation)
        };
        for (class, counter) in ErrorClass::ALL.into_iter().zip(&self.failed_attempts) {
            let count = read(counter);
            if count > 0 {
                stats.failed_attempts.insert(class, count);
            }
        }
        let succeeded = self.succeeded.each_ref().map(&read);
        let stopped = self
            .stopped
            .each_ref()
            .map(|by_attempts| by_attempts.each_ref().map(&read));
        for (reason, by_attempts) in StopReason::ALL.into_iter().zip(&stopped) {
            let count = by_attempts.iter().sum();
            if count > 0 {
                stats.stop_reasons.insert(reason, count);
            }
        }
        for bucket in 0..BUCKETS {
            let successes = succeeded[bucket];
            let failures: u64 = stopped.iter().map(|by_attempts| by_attempts[bucket]).sum();
            let (from, to) = range(bucket);
            stats.add_ended(AttemptsBucket {
                from,
                to,
                calls: successes + failures,
                successes,
            });
        }
        stats
    }
}

/// Wraps after 2⁶⁴, which one by one nobody reaches.
fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
