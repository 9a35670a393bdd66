//! What a budget has been asked for, and what it answered.

use std::fmt;
use std::sync::atomic::Ordering;

use crate::sync::AtomicU64;

/// Counters of the answers. Each only grows and stands for itself, so relaxed order suffices.
#[derive(Debug, Default)]
pub(super) struct Tally {
    allowed: AtomicU64,
    refused: AtomicU64,
    given_back: AtomicU64,
}

impl Tally {
    #[cfg(not(retry_loom))]
    pub(super) const fn new() -> Self {
        Self {
            allowed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            given_back: AtomicU64::new(0),
        }
    }

    pub(super) fn count_allowed(&self) {
        self.allowed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_given_back(&self) {
        self.given_back.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self, first_attempts: u64) -> BudgetStatistics {
        BudgetStatistics {
            first_attempts,
            allowed: self.allowed.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            given_back: self.given_back.load(Ordering::Relaxed),
        }
    }
}

/// What a [`Budget`](crate::Budget) has been asked for since it was made, and what it answered.
///
/// While other threads use the budget, the numbers need not be of the same moment.
///
/// ```
/// use retry_core::{Budget, ErrorClass};
///
/// let budget = Budget::new("payments");
/// budget.deposit();
/// budget.withdraw(ErrorClass::Transient)?.spend();
/// let statistics = budget.statistics();
/// assert_eq!(statistics.allowed, 1);
/// assert_eq!(statistics.to_string(), "1 first attempt; retries: 1 allowed, 0 refused, 0 given back");
/// # Ok::<(), retry_core::BudgetExhausted>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetStatistics {
    /// Calls that have begun.
    pub first_attempts: u64,
    /// Retries that were allowed.
    pub allowed: u64,
    /// Retries that were refused.
    pub refused: u64,
    /// Allowed retries that never ran.
    pub given_back: u64,
}

impl fmt::Display for BudgetStatistics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.first_attempts == 1 { "" } else { "s" };
        write!(
            formatter,
            "{} first attempt{plural}; retries: {} allowed, {} refused, {} given back",
            self.first_attempts, self.allowed, self.refused, self.given_back
        )
    }
}
