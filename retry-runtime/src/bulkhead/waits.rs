//! A distribution of waits, streaming and bounded: each wait is counted in a bucket and forgotten.

use std::fmt;
use std::time::Duration;

/// Each power of two has 2⁴ buckets, so that a bucket is never wider than a sixteenth of what is in it.
const FINENESS: u32 = 4;
const BUCKETS_OF_A_POWER: u64 = 1 << FINENESS;

/// Waits in whole nanoseconds, none longer than 584 years.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Waits {
    /// How many waits are in each bucket, up to the longest one; at most 976 buckets. Empty until somebody has waited.
    counts: Vec<u64>,
    count: u64,
    total: u128,
    longest: u64,
}

impl Waits {
    pub(super) const fn new() -> Self {
        Self {
            counts: Vec::new(),
            count: 0,
            total: 0,
            longest: 0,
        }
    }

    pub(super) fn record(&mut self, wait: Duration) {
        let nanos = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        let bucket = bucket(nanos);
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.count += 1;
        // 2⁶⁴ of the longest waits fit.
        self.total += u128::from(nanos);
        self.longest = self.longest.max(nanos);
    }

    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn mean(&self) -> Duration {
        let mean = self.total.checked_div(self.count.into()).unwrap_or(0);
        // The mean is at most the longest.
        Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX))
    }

    pub(super) const fn longest(&self) -> Duration {
        Duration::from_nanos(self.longest)
    }

    /// The upper end of the bucket of the wait that at least `percent` of all do not exceed.
    pub(super) fn percentile(&self, percent: f64) -> Duration {
        let mut left = rank(percent, self.count);
        for (bucket, count) in self.counts.iter().enumerate() {
            if left <= *count {
                return Duration::from_nanos(upper_end(bucket).min(self.longest));
            }
            left -= count;
        }
        self.longest()
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Waits")
            .field("count", &self.count)
            .field("mean", &self.mean())
            .field("longest", &self.longest())
            .finish_non_exhaustive()
    }
}

/// Which of `count` waits in order, from 1, is the percentile.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and nobody can tell one of 2⁵³ waits from its neighbour"
)]
fn rank(percent: f64, count: u64) -> u64 {
    let rank = (percent * count as f64 / 100.0).ceil() as u64;
    rank.clamp(1, count.max(1))
}

/// Short waits have a bucket each; from there on, the leading bits of the number say which.
#[expect(clippy::cast_possible_truncation, reason = "there are 976 buckets")]
const fn bucket(nanos: u64) -> usize {
    let Some(power) = nanos.checked_ilog2() else {
        return 0;
    };
    let dropped = power.saturating_sub(FINENESS);
    (dropped as u64 * BUCKETS_OF_A_POWER + (nanos >> dropped)) as usize
}

/// The longest wait that is counted in the bucket.
const fn upper_end(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * BUCKETS_OF_A_POWER {
        return bucket;
    }
    let dropped = bucket / BUCKETS_OF_A_POWER - 1;
    let leading = bucket % BUCKETS_OF_A_POWER + BUCKETS_OF_A_POWER;
    (leading << dropped) + ((1 << dropped) - 1)
}

#[cfg(all(test, not(retry_loom)))]
mod tests {
    use super::{bucket, upper_end};

    #[test]
    fn buckets_leave_no_gap_and_do_not_overlap() {
        for index in 0..bucket(u64::MAX) {
            let end = upper_end(index);
            assert_eq!((bucket(end), bucket(end + 1)), (index, index + 1));
        }
        assert_eq!(bucket(u64::MAX), 975);
        assert_eq!(upper_end(975), u64::MAX);
    }

    #[test]
    fn no_bucket_is_wider_than_a_sixteenth_of_what_is_in_it() {
        for index in 1..=bucket(u64::MAX) {
            let lowest = upper_end(index - 1) + 1;
            assert!(upper_end(index) - lowest <= lowest / 16, "bucket {index}");
        }
    }
}
