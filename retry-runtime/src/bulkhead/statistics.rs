//! What a bulkhead tells about itself.

use std::fmt;
use std::time::Duration;

use super::waits::Waits;

/// What a [`Bulkhead`](crate::Bulkhead) has counted since it was made, at one moment.
///
/// Waits are those of callers who queued, however their wait ended; who entered at once, or was refused at once, has not waited. No wait is
/// kept: the size does not grow with their number, and stays below 8 KiB.
///
/// ```
/// use retry_core::Bulkhead;
///
/// static POOL: Bulkhead = Bulkhead::new("database", 1);
///
/// let permit = POOL.try_acquire();
/// assert!(POOL.try_acquire().is_err());
/// let statistics = POOL.statistics();
/// assert_eq!((statistics.in_use, statistics.acquired, statistics.rejected), (1, 1, 1));
/// assert_eq!(
///     statistics.to_string(),
///     "1 of 1 in use, 0 queued; 1 acquired, 1 rejected, 0 timed out, 0 given up; 0 contended (0.0 %)"
/// );
/// # drop(permit);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkheadStatistics {
    /// How many are inside now. More than [`max_concurrent`](Self::max_concurrent) when that has been lowered below it.
    pub in_use: u32,
    /// How many may be.
    pub max_concurrent: u32,
    /// How many queue now.
    pub queued: u32,
    /// How many permits were taken.
    pub acquired: u64,
    /// How often a caller was refused at once: he could not or did not want to wait, or the queue was full.
    pub rejected: u64,
    /// How often a caller waited for as long as the bulkhead lets him, in vain.
    pub timed_out: u64,
    /// How often a caller left the queue before that: its future was dropped, or the call was aborted.
    pub given_up: u64,
    /// How many waits were longer than `contention_after`, however they ended.
    pub contended: u64,
    pub(super) waits: Waits,
}

impl BulkheadStatistics {
    /// The share of callers that had to wait for longer than `contention_after`, from 0 to 1, among all that were not refused at once. Zero
    /// before the first.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "nobody can tell one of 2⁵³ calls from its neighbour"
    )]
    pub fn contention_rate(&self) -> f64 {
        let callers = self.acquired + self.timed_out + self.given_up;
        if callers == 0 {
            return 0.0;
        }
        self.contended as f64 / callers as f64
    }

    /// How many waits there were.
    #[must_use]
    pub const fn waits(&self) -> u64 {
        self.waits.count()
    }

    /// The mean of all waits, exact to the nanosecond; zero before the first.
    #[must_use]
    pub fn mean_wait(&self) -> Duration {
        self.waits.mean()
    }

    /// The longest wait; zero before the first.
    #[must_use]
    pub const fn longest_wait(&self) -> Duration {
        self.waits.longest()
    }

    /// The wait that `percent` of all waits did not exceed, such as 99.9; zero before the first.
    ///
    /// This is the nearest-rank percentile, never too short, too long by less than a sixteenth of it, and never longer than
    /// [`longest_wait`](Self::longest_wait). Less than 0 and what is no number is 0, more than 100 is 100.
    ///
    /// ```
    /// # use retry_core::Bulkhead;
    /// # let statistics = Bulkhead::new("database", 1).statistics();
    /// println!("half of them waited for at most {:?}", statistics.wait_percentile(50.0));
    /// ```
    #[must_use]
    pub fn wait_percentile(&self, percent: f64) -> Duration {
        self.waits.percentile(percent)
    }
}

/// In one line, for people. What there is to say of waits is left out until there is one.
impl fmt::Display for BulkheadStatistics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} of {} in use, {} queued; {} acquired, {} rejected, {} timed out, {} given up; {} contended ({:.1} %)",
            self.in_use,
            self.max_concurrent,
            self.queued,
            self.acquired,
            self.rejected,
            self.timed_out,
            self.given_up,
            self.contended,
            100.0 * self.contention_rate(),
        )?;
        if self.waits() == 0 {
            return Ok(());
        }
        write!(
            formatter,
            "; waits: mean {:?}, median {:?}, 99 % {:?}, longest {:?}",
            self.mean_wait(),
            self.wait_percentile(50.0),
            self.wait_percentile(99.0),
            self.longest_wait(),
        )
    }
}
