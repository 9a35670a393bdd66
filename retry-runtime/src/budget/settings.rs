//! The three forms of a budget: plain data, with its defaults and its validation.

use std::time::Duration;

use crate::class::ErrorClass;
use crate::guard::GuardError;

/// One retry for ten first attempts, so that a dependency that is down sees at most 1.1 times its usual load: the client-side budget in
/// Google's "Site Reliability Engineering", chapter 21, "Handling Overload".
const DEFAULT_RATIO: f64 = 0.1;

/// Ten retries per second however few first attempts there are, as in Finagle's `RetryBudget`: a service with little traffic, or one that
/// has just started, would otherwise never retry.
const DEFAULT_FLOOR: u32 = 10;

/// As Finagle and tower have it: so many retries for each first attempt limit nothing.
const GREATEST_RATIO: f64 = 1000.0;

/// Each retry is remembered by itself; so many take 1.5 MiB.
const MOST_PER_WINDOW: u32 = 65_536;

/// A retry costs as much as five successes bring, as in the standard retry mode of the AWS SDKs.
const DEFAULT_COST: u32 = 5;

/// As in the standard retry mode of the AWS SDKs.
const DEFAULT_REFUND: u32 = 1;

/// How many retries a [`Budget`](crate::Budget) allows: one of three forms.
///
/// The methods of `Budget` that are named after the forms say what each means. With feature `serde` settings can be read from a configuration
/// file: `kind` names the form in snake case, fields that have a default can be left out, unknown ones are refused, and
/// [`Budget::from_settings`](crate::Budget::from_settings) checks the values.
///
/// ```
/// use retry_core::{Budget, BudgetSettings};
///
/// let settings = BudgetSettings::Ratio { ratio: 0.2, floor: 5 };
/// let budget = Budget::from_settings("payments", settings)?;
/// assert_eq!(budget.settings(), settings);
///
/// let percent = BudgetSettings::Ratio { ratio: -0.2, floor: 5 };
/// assert_eq!(Budget::from_settings("payments", percent).unwrap_err().field(), "ratio");
/// # Ok::<(), retry_core::GuardError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum BudgetSettings {
    /// A share of the first attempts of the last 10 seconds, with a floor.
    Ratio {
        /// How many retries each first attempt allows, from 0 to 1000; 0.1 by default.
        #[cfg_attr(feature = "serde", serde(default = "default_ratio"))]
        ratio: f64,
        /// How many retries per second are allowed at least; 10 by default.
        #[cfg_attr(feature = "serde", serde(default = "default_floor"))]
        floor: u32,
    },
    /// So many retries in any window of that length.
    PerWindow {
        /// How many, from 1 to 65 536.
        retries: u32,
        /// How long the window is.
        #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
        window: Duration,
    },
    /// Tokens that retries take and successes bring.
    TokenBucket {
        /// How many tokens there are at first and at most.
        capacity: u32,
        /// How many tokens a retry takes; 5 by default.
        #[cfg_attr(feature = "serde", serde(default))]
        costs: BudgetCosts,
        /// How many tokens a success brings, at least 1; 1 by default.
        #[cfg_attr(feature = "serde", serde(default = "default_refund"))]
        refund: u32,
    },
}

#[cfg(feature = "serde")]
const fn default_ratio() -> f64 {
    DEFAULT_RATIO
}

#[cfg(feature = "serde")]
const fn default_floor() -> u32 {
    DEFAULT_FLOOR
}

#[cfg(feature = "serde")]
const fn default_refund() -> u32 {
    DEFAULT_REFUND
}

/// [`BudgetSettings::DEFAULT`].
impl Default for BudgetSettings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl BudgetSettings {
    /// A tenth of the first attempts, but at least 10 retries per second.
    pub const DEFAULT: Self = Self::Ratio {
        ratio: DEFAULT_RATIO,
        floor: DEFAULT_FLOOR,
    };

    /// A bucket of which each retry takes 5 tokens, or all that it holds if those are fewer.
    pub(super) const fn token_bucket(capacity: u32) -> Self {
        Self::TokenBucket {
            capacity,
            costs: BudgetCosts::of_each(if capacity < DEFAULT_COST {
                capacity
            } else {
                DEFAULT_COST
            }),
            refund: DEFAULT_REFUND,
        }
    }

    pub(super) const fn is_default(&self) -> bool {
        matches!(self, Self::Ratio { ratio, floor: DEFAULT_FLOOR } if ratio.to_bits() == DEFAULT_RATIO.to_bits())
    }

    pub(super) const fn check(&self) -> Result<(), GuardError> {
        match *self {
            Self::Ratio { ratio, floor } => check_ratio(ratio, floor),
            Self::PerWindow { retries, window } => check_per_window(retries, window),
            Self::TokenBucket {
                capacity,
                costs,
                refund,
            } => check_token_bucket(capacity, costs, refund),
        }
    }
}

const fn check_ratio(ratio: f64, floor: u32) -> Result<(), GuardError> {
    // Not a number is neither.
    if !(ratio >= 0.0 && ratio <= GREATEST_RATIO) {
        return Err(GuardError::new(
            "ratio",
            "A ratio is how many retries each first attempt allows, a number from 0 to 1000: write 0.1 for one retry in ten calls.",
        ));
    }
    if ratio <= 0.0 && floor == 0 {
        return Err(GuardError::new(
            "ratio",
            "A ratio of 0 with a floor of 0 allows no retry, ever: raise one of the two, or use a policy with one attempt.",
        ));
    }
    Ok(())
}

const fn check_per_window(retries: u32, window: Duration) -> Result<(), GuardError> {
    if retries == 0 {
        return Err(GuardError::new(
            "retries",
            "A budget of 0 retries allows none, ever: write at least 1, or use a policy with one attempt.",
        ));
    }
    if retries > MOST_PER_WINDOW {
        return Err(GuardError::new(
            "retries",
            "A budget per window remembers each retry, up to 65536 of them: shorten the window, or use a ratio.",
        ));
    }
    if window.is_zero() {
        return Err(GuardError::new(
            "window",
            "A window of zero holds no retry, so it limits none: give it a duration, or leave the budget out.",
        ));
    }
    Ok(())
}

const fn check_token_bucket(
    capacity: u32,
    costs: BudgetCosts,
    refund: u32,
) -> Result<(), GuardError> {
    if capacity == 0 {
        return Err(GuardError::new(
            "capacity",
            "A bucket without room for a token allows no retry, ever: write at least 1, or use a policy with one attempt.",
        ));
    }
    if costs.greatest() > capacity {
        return Err(GuardError::new(
            "costs",
            "A retry that costs more tokens than the bucket holds never runs: lower its cost, or give the class a rule of `never`.",
        ));
    }
    if refund == 0 {
        return Err(GuardError::new(
            "refund",
            "A bucket that successes bring nothing to stays empty once it is: write at least 1.",
        ));
    }
    Ok(())
}

/// How many tokens of a bucket a retry takes, for each class of failure that can be retried.
///
/// ```
/// use retry_core::{Budget, BudgetCosts, BudgetSettings, ErrorClass};
///
/// let mut costs = BudgetCosts::DEFAULT;
/// costs.rate_limit = 20;
/// let settings = BudgetSettings::TokenBucket { capacity: 100, costs, refund: 1 };
/// assert!(Budget::from_settings("payments", settings).is_ok());
/// assert_eq!(costs.of(ErrorClass::Transient), 5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct BudgetCosts {
    /// After a [`Concurrency`](ErrorClass::Concurrency) failure.
    pub concurrency: u32,
    /// After a [`RateLimit`](ErrorClass::RateLimit) failure.
    pub rate_limit: u32,
    /// After a [`ServerError`](ErrorClass::ServerError) failure.
    pub server_error: u32,
    /// After a [`Transient`](ErrorClass::Transient) failure.
    pub transient: u32,
    /// After an [`Unknown`](ErrorClass::Unknown) failure.
    pub unknown: u32,
}

/// [`BudgetCosts::DEFAULT`].
impl Default for BudgetCosts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl BudgetCosts {
    /// Five tokens for each class.
    pub const DEFAULT: Self = Self::of_each(DEFAULT_COST);

    const fn of_each(cost: u32) -> Self {
        Self {
            concurrency: cost,
            rate_limit: cost,
            server_error: cost,
            transient: cost,
            unknown: cost,
        }
    }

    /// What a retry after a failure of this class costs. No policy retries the classes that have no field; who does so by hand pays for
    /// `unknown`.
    ///
    /// ```
    /// # use retry_core::{BudgetCosts, ErrorClass};
    /// assert_eq!(BudgetCosts::DEFAULT.of(ErrorClass::RateLimit), 5);
    /// ```
    #[must_use]
    pub const fn of(&self, class: ErrorClass) -> u32 {
        match class {
            ErrorClass::Concurrency => self.concurrency,
            ErrorClass::RateLimit => self.rate_limit,
            ErrorClass::ServerError => self.server_error,
            ErrorClass::Transient => self.transient,
            ErrorClass::Auth
            | ErrorClass::Permission
            | ErrorClass::Permanent
            | ErrorClass::Unknown => self.unknown,
        }
    }

    /// With another cost for one class; `None` if that class is never retried.
    pub(super) const fn with(mut self, class: ErrorClass, cost: u32) -> Option<Self> {
        match class {
            ErrorClass::Concurrency => self.concurrency = cost,
            ErrorClass::RateLimit => self.rate_limit = cost,
            ErrorClass::ServerError => self.server_error = cost,
            ErrorClass::Transient => self.transient = cost,
            ErrorClass::Unknown => self.unknown = cost,
            ErrorClass::Auth | ErrorClass::Permission | ErrorClass::Permanent => return None,
        }
        Some(self)
    }

    /// The cost of the dearest class.
    pub(super) const fn greatest(&self) -> u32 {
        let mut greatest = 0;
        let mut index = 0;
        while index < ErrorClass::ALL.len() {
            let cost = self.of(ErrorClass::ALL[index]);
            if cost > greatest {
                greatest = cost;
            }
            index += 1;
        }
        greatest
    }
}
