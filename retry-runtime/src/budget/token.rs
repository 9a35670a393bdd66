//! Leave for one retry, and its refusal.

use std::error::Error;
use std::fmt;
use std::mem;

use super::Budget;
use crate::guard::Identity;

/// Leave for one retry: [`spend`](Self::spend) it when the retry runs. Dropped unspent, it goes back to the budget.
///
/// ```
/// use retry_core::{Budget, ErrorClass};
/// use std::time::Duration;
///
/// static BUDGET: Budget = Budget::new("payments").per_window(1, Duration::from_secs(60));
///
/// let token = BUDGET.withdraw(ErrorClass::Transient)?;
/// drop(token); // the call was aborted while it slept
/// BUDGET.withdraw(ErrorClass::Transient)?.spend();
/// assert!(BUDGET.withdraw(ErrorClass::Transient).is_err());
/// # Ok::<(), retry_core::BudgetExhausted>(())
/// ```
#[must_use = "a token that is dropped goes back to the budget; `spend` it when the retry runs"]
pub struct BudgetToken<'a> {
    budget: &'a Budget,
    /// What the form of the budget finds it by.
    ticket: u64,
}

impl<'a> BudgetToken<'a> {
    /// The token with this ticket, for somebody who has no other.
    pub(crate) const fn of(budget: &'a Budget, ticket: u64) -> Self {
        Self { budget, ticket }
    }

    /// What somebody keeps who is going to put it together again: nothing is given back.
    pub(crate) const fn into_ticket(self) -> u64 {
        let ticket = self.ticket;
        mem::forget(self);
        ticket
    }

    /// The retry runs: the token is used up.
    ///
    /// ```
    /// # use retry_core::{Budget, ErrorClass};
    /// let budget = Budget::new("payments").token_bucket(10);
    /// budget.withdraw(ErrorClass::Transient)?.spend();
    /// assert_eq!(budget.remaining(), 1);
    /// # Ok::<(), retry_core::BudgetExhausted>(())
    /// ```
    pub fn spend(self) {
        mem::forget(self);
    }
}

impl Drop for BudgetToken<'_> {
    fn drop(&mut self) {
        self.budget.give_back(self.ticket);
    }
}

impl fmt::Debug for BudgetToken<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BudgetToken")
            .field("budget", &self.budget.name())
            .finish_non_exhaustive()
    }
}

/// The budget allows no retry now.
///
/// ```
/// use retry_core::{Budget, ErrorClass};
/// use std::time::Duration;
///
/// let budget = Budget::new("payments").per_window(1, Duration::from_secs(60));
/// budget.withdraw(ErrorClass::Transient)?.spend();
/// let error = budget.withdraw(ErrorClass::Transient).unwrap_err();
/// assert_eq!(error.budget(), "payments");
/// assert_eq!(error.to_string(), "the retry budget `payments` is exhausted");
/// # Ok::<(), retry_core::BudgetExhausted>(())
/// ```
#[derive(Clone, Debug)]
pub struct BudgetExhausted {
    identity: Identity,
}

impl BudgetExhausted {
    pub(super) const fn new(identity: Identity) -> Self {
        Self { identity }
    }

    /// The name of the budget.
    ///
    /// ```
    /// # use retry_core::{Budget, ErrorClass};
    /// let budget = Budget::new("payments").ratio(0.1).floor(0);
    /// assert_eq!(budget.withdraw(ErrorClass::Transient).unwrap_err().budget(), "payments");
    /// ```
    #[must_use]
    pub fn budget(&self) -> &str {
        self.identity.name()
    }
}

impl fmt::Display for BudgetExhausted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the retry budget `{}` is exhausted",
            self.budget()
        )
    }
}

impl Error for BudgetExhausted {}
