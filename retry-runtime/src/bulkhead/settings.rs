//! What a bulkhead is built from: plain data and its validation.

use std::time::Duration;

use super::word;
use crate::guard::GuardError;

/// What connection pools hand out unless told otherwise, and a pool is what most bulkheads stand before.
const DEFAULT_MAX_CONCURRENT: u32 = 10;

/// Nobody waits unless told to: a queue hides overload and adds to the latency of all, so it is the user's to ask for.
const DEFAULT_WAIT: Duration = Duration::ZERO;

/// A burst of a few calls for each permit. Who would come later than that is better told at once.
pub(super) const DEFAULT_QUEUE: u32 = 64;

/// Longer than a permit takes to change hands, short enough to show up before users complain.
const DEFAULT_CONTENTION_AFTER: Duration = Duration::from_millis(50);

/// What a [`Bulkhead`](crate::Bulkhead) is built from, as plain data.
///
/// With feature `serde` it can be read from a configuration file. Durations are strings with a unit, a field that is left out is as in
/// [`DEFAULT`](Self::DEFAULT), and an unknown one is refused.
///
/// ```
/// use retry_core::{Bulkhead, BulkheadSettings};
/// use std::time::Duration;
///
/// let mut settings = BulkheadSettings::DEFAULT;
/// settings.max_concurrent = 4;
/// settings.wait = Duration::from_millis(200);
/// let bulkhead = Bulkhead::from_settings("database", settings)?;
/// assert_eq!(bulkhead.max_concurrent(), 4);
/// # Ok::<(), retry_core::GuardError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct BulkheadSettings {
    /// How many may be inside at a time: 1 to 2³¹ − 1; 10 by default.
    pub max_concurrent: u32,
    /// How long a call may queue. Zero, the default, means never: who finds the bulkhead full is refused at once. [`Duration::MAX`] means
    /// without limit.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
    pub wait: Duration,
    /// How many may queue at a time; 64 by default. Zero means nobody, whatever `wait` says.
    pub queue: u32,
    /// A wait longer than this counts as contention; 50 ms by default.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
    pub contention_after: Duration,
}

impl BulkheadSettings {
    /// Ten at a time, and nobody queues. A queue, once [`wait`](Self::wait) allows for it, has 64 places.
    pub const DEFAULT: Self = Self {
        max_concurrent: DEFAULT_MAX_CONCURRENT,
        wait: DEFAULT_WAIT,
        queue: DEFAULT_QUEUE,
        contention_after: DEFAULT_CONTENTION_AFTER,
    };

    pub(super) const fn check(&self) -> Result<(), GuardError> {
        check_max_concurrent(self.max_concurrent)
    }

    pub(super) const fn admits_waiting(&self) -> bool {
        !self.wait.is_zero() && self.queue > 0
    }
}

/// [`BulkheadSettings::DEFAULT`].
impl Default for BulkheadSettings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

pub(super) const fn check_max_concurrent(max_concurrent: u32) -> Result<(), GuardError> {
    match max_concurrent {
        0 => Err(GuardError::new(
            "max_concurrent",
            "A bulkhead that admits nobody refuses every call: write at least 1.",
        )),
        1..=word::MOST => Ok(()),
        _ => Err(GuardError::new(
            "max_concurrent",
            "A bulkhead counts up to 2147483647 (2³¹ − 1): write at most that, or leave the bulkhead out.",
        )),
    }
}
