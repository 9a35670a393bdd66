//! Counting calls without a backend: [`Stats`].

mod buckets;
mod counters;
#[cfg(feature = "serde")]
mod data;
mod show;
mod snapshot;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use self::counters::{Counters, Increment};
pub use self::snapshot::{AttemptsBucket, OperationStats, StatsSnapshot};
use super::by_name::ByName;
use crate::event::{Event, Observer};

/// An observer that counts, and prints what it has counted as a table. It needs no backend and can be a `static`.
///
/// From the second event of an operation on, counting takes no lock and allocates nothing. Up to 256 operations have counters of their own, of
/// about 2 KiB each; what there is beyond them is counted together, under the name [`OTHERS`](Self::OTHERS).
///
/// It counts calls, so transitions of circuits and waits for bulkheads are nothing to it. A call counts when it ends, an attempt when it starts.
/// A `Stats` that a call has of its own and that is the global observer as well counts everything twice.
///
/// ```
/// use retry_core::{Backoff, Policy, Stats, testing::ManualClock};
/// use std::{cell::Cell, io, time::Duration};
///
/// static STATS: Stats = Stats::new();
/// const POLICY: Policy = Policy::new().backoff(Backoff::fixed(Duration::from_millis(200)));
///
/// let clock = ManualClock::new();
/// let call = POLICY.call("fetch_user").clock(&clock).sleeper(&clock).observe(&STATS);
/// let runs = Cell::new(0);
/// for _ in 0..2 {
///     let _ = call.run_blocking(|| {
///         runs.set(runs.get() + 1);
///         if runs.get() == 2 { Ok(7) } else { Err(io::Error::from(io::ErrorKind::TimedOut)) }
///     });
/// }
/// assert_eq!(
///     STATS.to_string(),
///     "\
/// operation   calls  succeeded  failed  first try  attempts per call  retries  added load  slept
/// fetch_user      2          1       1      0.0 %               2.50        3     150.0 %  600ms
///
/// operation   calls by attempts  failed attempts by class  failed calls by reason
/// fetch_user  2: 1, 3: 1         transient: 4              max_attempts_global: 1
/// "
/// );
/// ```
pub struct Stats {
    operations: ByName<Counters>,
    others: Counters,
}

impl Stats {
    /// The name under which the operations beyond the first 256 are counted.
    pub const OTHERS: &str = "(other operations)";

    /// Nothing counted yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            operations: ByName::new(),
            others: Counters::new(),
        }
    }

    /// What has been counted.
    ///
    /// ```
    /// use retry_core::{Policy, Stats};
    ///
    /// const POLICY: Policy = Policy::new();
    ///
    /// let stats = Stats::new();
    /// let call = POLICY.call("fetch_user").observe(&stats);
    /// let _ = call.run_blocking(|| Ok::<_, std::io::Error>(7));
    /// let snapshot = stats.snapshot();
    /// let fetch_user = snapshot.operation("fetch_user").expect("it was called");
    /// assert_eq!((fetch_user.calls, fetch_user.first_try_successes), (1, 1));
    /// assert_eq!(fetch_user.mean_attempts(), Some(1.0));
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> StatsSnapshot {
        self.read(|counter| counter.load(Ordering::Relaxed))
    }

    /// What has been counted since the last time, for reports at intervals: counting starts again at zero.
    ///
    /// Nothing is lost or counted twice: what happens meanwhile is in this interval or in the next. An attempt can be in one and the end of its
    /// call in another.
    ///
    /// ```
    /// # use retry_core::{Policy, Stats};
    /// # const POLICY: Policy = Policy::new();
    /// let stats = Stats::new();
    /// let call = POLICY.call("fetch_user").observe(&stats);
    /// let _ = call.run_blocking(|| Ok::<_, std::io::Error>(7));
    /// assert_eq!(stats.take().total().calls, 1);
    /// assert_eq!(stats.take().to_string(), "no call has ended\n");
    /// ```
    #[must_use = "what was counted is gone from the counters"]
    pub fn take(&self) -> StatsSnapshot {
        self.read(|counter| counter.swap(0, Ordering::Relaxed))
    }

    fn read(&self, read: fn(&AtomicU64) -> u64) -> StatsSnapshot {
        let named = self.operations.iter();
        let mut operations: Vec<_> = named
            .map(|(operation, counters)| counters.read(operation, read))
            .collect();
        operations.sort_by_key(|stats| stats.operation);
        operations.push(self.others.read(Self::OTHERS, read));
        operations.retain(|stats| *stats != OperationStats::none(stats.operation));
        StatsSnapshot { operations }
    }

    fn counters(&self, operation: &'static str) -> &Counters {
        let named = self.operations.of(operation, Counters::new);
        named.unwrap_or(&self.others)
    }
}

impl Observer for Stats {
    fn on_event(&self, event: &Event<'_>) {
        if let Some(increment) = Increment::of(event) {
            self.counters(event.operation).add(increment);
        }
    }
}

impl Default for Stats {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Stats {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Stats")
            .field(&self.snapshot())
            .finish()
    }
}
