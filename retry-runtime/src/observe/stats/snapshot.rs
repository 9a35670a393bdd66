//! What has been counted, as plain data.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::class::ErrorClass;
use crate::outcome::StopReason;

/// What a [`Stats`](super::Stats) has counted, at one moment. `Display` gives a table.
///
/// While other threads make calls, the numbers need not be of the same moment: some may know of a call that others have yet to hear of. But
/// [`calls`](OperationStats::calls), [`successes`](OperationStats::successes), [`failures`](OperationStats::failures),
/// [`stop_reasons`](OperationStats::stop_reasons) and [`calls_by_attempts`](OperationStats::calls_by_attempts) of an operation always add up.
///
/// With feature `serde` it can be written: durations as text (`"1m 30s"`), classes and stop reasons by their stable names, and next to the fields
/// of an operation its `mean_attempts` and `added_load`, which are null where there is nothing to divide by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct StatsSnapshot {
    /// Each operation of which something has been counted, sorted by name; [`Stats::OTHERS`](super::Stats::OTHERS) is the last.
    pub operations: Vec<OperationStats>,
}

impl StatsSnapshot {
    /// The operation of this name, if something has been counted of it.
    ///
    /// ```
    /// # use retry_core::Stats;
    /// assert_eq!(Stats::new().snapshot().operation("fetch_user"), None);
    /// ```
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&OperationStats> {
        self.operations.iter().find(|stats| stats.operation == name)
    }

    /// All operations together, as one of the name "all operations".
    ///
    /// ```
    /// # use retry_core::{Policy, Stats};
    /// # const POLICY: Policy = Policy::new();
    /// let stats = Stats::new();
    /// for operation in ["fetch_user", "fetch_order"] {
    ///     let call = POLICY.call(operation).observe(&stats);
    ///     let _ = call.run_blocking(|| Ok::<_, std::io::Error>(7));
    /// }
    /// assert_eq!(stats.snapshot().total().calls, 2);
    /// ```
    #[must_use]
    pub fn total(&self) -> OperationStats {
        let mut total = OperationStats::none("all operations");
        for stats in &self.operations {
            total.add(stats);
        }
        total
    }
}

/// What has been counted of the calls of one operation.
///
/// ```
/// use retry_core::{Backoff, Policy, Stats, StopReason};
/// use std::io;
///
/// const POLICY: Policy = Policy::new().attempts(3).backoff(Backoff::none());
///
/// let stats = Stats::new();
/// let call = POLICY.call("fetch_user").observe(&stats);
/// let _ = call.run_blocking(|| Ok::<_, io::Error>(7));
/// let _ = call.run_blocking(|| Err::<u8, _>(io::Error::from(io::ErrorKind::TimedOut)));
///
/// let fetch_user = stats.snapshot().total();
/// assert_eq!(fetch_user.stop_reasons.get(&StopReason::MaxAttemptsGlobal), Some(&1));
/// assert_eq!(fetch_user.mean_attempts(), Some(2.0));
/// assert_eq!(fetch_user.success_rate(), Some(0.5));
/// assert_eq!(fetch_user.first_try_rate(), Some(0.5));
/// assert_eq!(fetch_user.added_load(), Some(1.0)); // as many retries as first attempts
/// let three = &fetch_user.calls_by_attempts[1];
/// assert_eq!((three.from, three.to, three.calls), (3, Some(3), 1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationStats {
    /// The name of what is called.
    pub operation: &'static str,
    /// Calls that have ended. One that is in progress is not counted yet, and one whose future was dropped never is.
    pub calls: u64,
    /// Calls that have ended with success.
    pub successes: u64,
    /// Calls that have ended with success at their first attempt.
    pub first_try_successes: u64,
    /// Calls that have ended without success.
    pub failures: u64,
    /// Calls that have ended, by how many attempts they had started; fewest first, without those of which there was none.
    pub calls_by_attempts: Vec<AttemptsBucket>,
    /// Why calls have ended without success, without those reasons that none had. What a guard has turned away is here.
    pub stop_reasons: BTreeMap<StopReason, u64>,
    /// First attempts that have started, also those of calls that have not ended.
    pub first_attempts: u64,
    /// Second and later attempts that have started, also those of calls that have not ended.
    pub retries: u64,
    /// The failures of attempts, by class, without those classes that none had.
    pub failed_attempts: BTreeMap<ErrorClass, u64>,
    /// The delays before retries, taken together: what was asked for, not what was measured. A sleep that an abort cuts short counts in
    /// full. Stays where it is after 584 years.
    pub slept: Duration,
    pub(super) attempts_of_ended: u64,
}

/// Calls that took about as many attempts.
///
/// Up to ten, each number of attempts has a bucket of its own; from there on a bucket is 11 to 20, 21 to 50, 51 to 100, and so on up to
/// 10 000. The last has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct AttemptsBucket {
    /// The fewest attempts that are counted here; 0 for calls that ended before their first.
    pub from: u32,
    /// The most; `None` in the last bucket.
    pub to: Option<u32>,
    /// The calls.
    pub calls: u64,
    /// Those of them that ended with success.
    pub successes: u64,
}

impl OperationStats {
    pub(super) const fn none(operation: &'static str) -> Self {
        Self {
            operation,
            calls: 0,
            successes: 0,
            first_try_successes: 0,
            failures: 0,
            calls_by_attempts: Vec::new(),
            stop_reasons: BTreeMap::new(),
            first_attempts: 0,
            retries: 0,
            failed_attempts: BTreeMap::new(),
            slept: Duration::ZERO,
            attempts_of_ended: 0,
        }
    }

    /// The mean number of attempts of a call that has ended; one that ended before its first has none. `None` if no call has ended.
    #[must_use]
    pub fn mean_attempts(&self) -> Option<f64> {
        ratio(self.attempts_of_ended, self.calls)
    }

    /// The share of calls that ended with success, from 0 to 1; `None` if no call has ended.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        ratio(self.successes, self.calls)
    }

    /// The share of calls that ended with success at their first attempt, from 0 to 1; `None` if no call has ended.
    #[must_use]
    pub fn first_try_rate(&self) -> Option<f64> {
        ratio(self.first_try_successes, self.calls)
    }

    /// How much load retries add: 0.4 means that for 10 first attempts there were 4 retries. `None` if no attempt has started.
    #[must_use]
    pub fn added_load(&self) -> Option<f64> {
        ratio(self.retries, self.first_attempts)
    }

    /// Takes notice of calls that have ended.
    pub(super) fn add_ended(&mut self, bucket: AttemptsBucket) {
        if bucket.calls == 0 {
            return;
        }
        self.calls += bucket.calls;
        self.successes += bucket.successes;
        self.failures += bucket.calls - bucket.successes;
        if bucket.to == Some(1) {
            self.first_try_successes += bucket.successes;
        }
        let buckets = &mut self.calls_by_attempts;
        match buckets.binary_search_by_key(&bucket.from, |bucket| bucket.from) {
            Ok(place) => buckets[place].add(bucket),
            Err(place) => buckets.insert(place, bucket),
        }
    }

    fn add(&mut self, other: &Self) {
        for bucket in &other.calls_by_attempts {
            self.add_ended(*bucket);
        }
        for (reason, count) in &other.stop_reasons {
            *self.stop_reasons.entry(*reason).or_default() += count;
        }
        for (class, count) in &other.failed_attempts {
            *self.failed_attempts.entry(*class).or_default() += count;
        }
        self.first_attempts += other.first_attempts;
        self.retries += other.retries;
        self.slept = self.slept.saturating_add(other.slept);
        self.attempts_of_ended += other.attempts_of_ended;
    }
}

impl AttemptsBucket {
    const fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.successes += other.successes;
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody can tell one of 2⁵³ calls from its neighbour"
)]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
