//! How many retries there may be, whoever makes them.

mod bucket;
#[cfg(all(test, retry_loom))]
mod model;
mod per_window;
mod ratio;
mod settings;
mod statistics;
mod token;

use std::borrow::Cow;
use std::time::Duration;

use self::bucket::Bucket;
use self::per_window::PerWindow;
use self::ratio::{Rate, Ratio};
pub use self::settings::{BudgetCosts, BudgetSettings};
pub use self::statistics::BudgetStatistics;
use self::statistics::Tally;
pub use self::token::{BudgetExhausted, BudgetToken};
use crate::class::ErrorClass;
use crate::guard::{GuardError, Identity};
use crate::time::TimeSource;

/// How many retries there may be, for all calls together that share the budget.
///
/// A policy limits what one call does. When a dependency is down every call fails, and a policy of three attempts makes three times the load
/// of it, just when it can bear the least. A budget limits the retries of all calls: a few that fail are retried as their policies say; when
/// most fail, most are not.
///
/// Any number of policies and threads share a budget, usually as a `static`. A call asks for a retry before it sleeps; if the retry never
/// runs, as the call was aborted or dropped meanwhile, what it took goes back. A refused retry ends the call with
/// [`StopReason::BudgetExhausted`](crate::StopReason::BudgetExhausted).
///
/// | form | how many retries are allowed |
/// |---|---|
/// | [`ratio`](Self::ratio), the default | a tenth of the first attempts of the last 10 seconds, but at least 10 per second |
/// | [`per_window`](Self::per_window) | so many in any window of that length |
/// | [`token_bucket`](Self::token_bucket) | as long as there are tokens: a retry takes some, a successful call brings some |
///
/// Settings that make no sense are refused with a full sentence, in a `static` at compile time.
///
/// ```
/// use retry_core::{Budget, ErrorClass};
///
/// static BUDGET: Budget = Budget::new("payments").ratio(0.2).floor(5);
///
/// // By hand, without a policy:
/// BUDGET.deposit();
/// // … the first attempt fails …
/// let token = BUDGET.withdraw(ErrorClass::Transient)?;
/// // … some time later …
/// token.spend();
/// // … the retry …
/// BUDGET.succeeded();
/// # Ok::<(), retry_core::BudgetExhausted>(())
/// ```
///
/// ```compile_fail
/// # use retry_core::Budget;
/// // error: A ratio is how many retries each first attempt allows …
/// static BUDGET: Budget = Budget::new("payments").ratio(-0.2);
/// # BUDGET.deposit();
/// ```
///
/// # Time
///
/// A call that uses the budget brings its own clock; the functions here read the monotonic clock of the system. If a reading lies before an
/// earlier one, what was counted later counts as if it had been at that reading. Clocks are read while the budget is locked, so a
/// [`Clock`](crate::Clock) must not use the budget itself.
#[derive(Debug)]
pub struct Budget {
    identity: Identity,
    settings: BudgetSettings,
    tally: Tally,
    // Which of these is used the settings say. There is one of each, as a builder in a `const` can change plain data only.
    /// Counts the first attempts whatever the form.
    ratio: Ratio,
    per_window: PerWindow,
    bucket: Bucket,
}

// Making one.
impl Budget {
    /// A budget of the default form: a [ratio](Self::ratio) of 0.1 with a [floor](Self::floor) of 10.
    ///
    /// The name is that of what is called; events and errors carry it.
    ///
    /// # Panics
    ///
    /// If the name is empty.
    ///
    /// ```
    /// use retry_core::{Budget, BudgetSettings};
    ///
    /// static BUDGET: Budget = Budget::new("payments");
    /// assert_eq!(BUDGET.settings(), BudgetSettings::Ratio { ratio: 0.1, floor: 10 });
    /// ```
    #[cfg(not(retry_loom))]
    #[must_use]
    #[track_caller]
    pub const fn new(name: &'static str) -> Self {
        Self {
            identity: Identity::new(name),
            settings: BudgetSettings::DEFAULT,
            tally: Tally::new(),
            ratio: Ratio::new(),
            per_window: PerWindow::new(),
            bucket: Bucket::new(),
        }
    }

    /// A budget from run-time data.
    ///
    /// # Errors
    ///
    /// If the name is empty, or for settings that the builder refuses.
    ///
    /// ```
    /// use retry_core::{Budget, BudgetSettings};
    ///
    /// let settings = BudgetSettings::Ratio { ratio: f64::NAN, floor: 10 };
    /// let error = Budget::from_settings(format!("tenant {}", 7), settings).unwrap_err();
    /// assert_eq!(error.field(), "ratio");
    /// ```
    #[track_caller]
    pub fn from_settings(
        name: impl Into<Cow<'static, str>>,
        settings: BudgetSettings,
    ) -> Result<Self, GuardError> {
        let identity = Identity::checked(name.into())?;
        settings.check()?;
        Ok(Self {
            identity,
            settings,
            tally: Tally::default(),
            ratio: Ratio::default(),
            per_window: PerWindow::default(),
            bucket: Bucket::default(),
        })
    }

    /// Allows, over a rolling 10 seconds, `ratio` × first attempts retries, but at least [`floor`](Self::floor) × 10; 0.1 by default.
    ///
    /// So where there are more first attempts than the floor is for, an outage makes `1 + ratio` times the load of it and no more.
    ///
    /// The 10 seconds roll in steps of half a second: what leaves leaves up to half a second early, and never late. First attempts are
    /// counted without a look at the clock, and dated by whoever comes by with one: at least each thirty-second, and each retry that is asked
    /// for. So up to 15 may be counted later than they were made, also much later if nobody comes by, and 15 × `ratio` retries be allowed
    /// later; none is counted twice.
    ///
    /// # Panics
    ///
    /// If it is not a number from 0 to 1000, if it is 0 and so is the floor, or if another form was chosen.
    ///
    /// ```
    /// # use retry_core::{Budget, ErrorClass};
    /// static BUDGET: Budget = Budget::new("payments").ratio(0.2).floor(0);
    ///
    /// (0..10).for_each(|_| BUDGET.deposit());
    /// assert_eq!(BUDGET.remaining(), 2);
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn ratio(self, ratio: f64) -> Self {
        let BudgetSettings::Ratio { floor, .. } = self.settings else {
            panic!("{}", ONE_FORM.reason());
        };
        self.with(BudgetSettings::Ratio { ratio, floor })
    }

    /// Allows so many retries per second even if the [`ratio`](Self::ratio) allows fewer, as it does where there is little traffic; 10 by default.
    ///
    /// # Panics
    ///
    /// If the budget is not one by ratio, or if the ratio is 0 and so is this.
    ///
    /// ```
    /// # use retry_core::Budget;
    /// static BUDGET: Budget = Budget::new("payments").floor(3);
    ///
    /// assert_eq!(BUDGET.remaining(), 30); // in ten seconds
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn floor(self, per_second: u32) -> Self {
        let BudgetSettings::Ratio { ratio, .. } = self.settings else {
            panic!("Only a budget by ratio has a floor: remove `floor`, or the other form.");
        };
        self.with(BudgetSettings::Ratio {
            ratio,
            floor: per_second,
        })
    }

    /// Allows at most so many retries in any window of that length, exactly.
    ///
    /// # Panics
    ///
    /// If there are none or more than 65 536, if the window is zero, or if another form was chosen.
    ///
    /// ```
    /// # use retry_core::Budget;
    /// # use std::time::Duration;
    /// static BUDGET: Budget = Budget::new("payments").per_window(100, Duration::from_secs(60));
    ///
    /// assert_eq!(BUDGET.remaining(), 100);
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn per_window(self, retries: u32, window: Duration) -> Self {
        assert!(self.settings.is_default(), "{}", ONE_FORM.reason());
        self.with(BudgetSettings::PerWindow { retries, window })
    }

    /// Allows retries while there are tokens in a bucket, which is full at first.
    ///
    /// A retry takes the [cost](Self::cost) of its class, 5 tokens by default, or all that the bucket holds if those are fewer. A call that
    /// succeeds brings the [refund](Self::refund), 1 by default, whether it was retried or not; a full bucket stays as it is. Time brings
    /// nothing.
    ///
    /// # Panics
    ///
    /// If it holds no token, or if another form was chosen.
    ///
    /// ```
    /// # use retry_core::{Budget, ErrorClass};
    /// static BUDGET: Budget = Budget::new("payments")
    ///     .token_bucket(500)
    ///     .cost(ErrorClass::RateLimit, 20)
    ///     .refund(2);
    ///
    /// BUDGET.withdraw(ErrorClass::RateLimit)?.spend();
    /// assert_eq!(BUDGET.remaining(), 24);
    /// # Ok::<(), retry_core::BudgetExhausted>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn token_bucket(self, capacity: u32) -> Self {
        assert!(self.settings.is_default(), "{}", ONE_FORM.reason());
        self.with(BudgetSettings::token_bucket(capacity))
    }

    /// Sets how many tokens a retry after a failure of this class takes; 0 makes it free.
    ///
    /// # Panics
    ///
    /// If the budget is not a token bucket, if the bucket holds fewer, or if the class is never retried.
    ///
    /// ```
    /// # use retry_core::{Budget, ErrorClass};
    /// let budget = Budget::new("payments").token_bucket(10).cost(ErrorClass::ServerError, 10);
    /// budget.withdraw(ErrorClass::ServerError)?.spend();
    /// assert!(budget.withdraw(ErrorClass::Transient).is_err());
    /// # Ok::<(), retry_core::BudgetExhausted>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn cost(self, class: ErrorClass, tokens: u32) -> Self {
        let BudgetSettings::TokenBucket {
            capacity,
            costs,
            refund,
        } = self.settings
        else {
            panic!(
                "Only in a token bucket do classes have a cost: use `token_bucket` before `cost`."
            );
        };
        let Some(costs) = costs.with(class, tokens) else {
            panic!(
                "This class is never retried, so it needs no cost: remove it, or classify such errors differently."
            );
        };
        self.with(BudgetSettings::TokenBucket {
            capacity,
            costs,
            refund,
        })
    }

    /// Sets how many tokens a successful call brings.
    ///
    /// # Panics
    ///
    /// If the budget is not a token bucket, or if it is 0.
    ///
    /// ```
    /// # use retry_core::{Budget, ErrorClass};
    /// let budget = Budget::new("payments").token_bucket(5).refund(5);
    /// budget.withdraw(ErrorClass::Transient)?.spend();
    /// assert_eq!(budget.remaining(), 0);
    /// budget.succeeded();
    /// assert_eq!(budget.remaining(), 1);
    /// # Ok::<(), retry_core::BudgetExhausted>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn refund(self, tokens: u32) -> Self {
        let BudgetSettings::TokenBucket {
            capacity, costs, ..
        } = self.settings
        else {
            panic!("Only a token bucket has a refund: use `token_bucket` before `refund`.");
        };
        self.with(BudgetSettings::TokenBucket {
            capacity,
            costs,
            refund: tokens,
        })
    }

    #[track_caller]
    const fn with(mut self, settings: BudgetSettings) -> Self {
        if let Err(error) = settings.check() {
            panic!("{}", error.reason());
        }
        self.settings = settings;
        self
    }
}

const ONE_FORM: GuardError = GuardError::new(
    "kind",
    "A budget has one form, which cannot be changed once it is set: keep one of `ratio`, `per_window` and `token_bucket`.",
);

// Looking at one.
impl Budget {
    /// The name it was given.
    ///
    /// ```
    /// # use retry_core::Budget;
    /// assert_eq!(Budget::new("payments").name(), "payments");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        self.identity.name()
    }

    /// What it was built from.
    ///
    /// ```
    /// # use retry_core::{Budget, BudgetSettings};
    /// assert_eq!(Budget::new("payments").settings(), BudgetSettings::DEFAULT);
    /// ```
    #[must_use]
    pub const fn settings(&self) -> BudgetSettings {
        self.settings
    }

    /// How many retries would be allowed now, one after the other.
    ///
    /// A token bucket says how many at the cost of its dearest class; if that is 0, [`u64::MAX`].
    ///
    /// ```
    /// # use retry_core::{Budget, ErrorClass};
    /// let budget = Budget::new("payments");
    /// budget.withdraw(ErrorClass::Transient)?.spend();
    /// assert_eq!(budget.remaining(), 99); // of 10 per second in 10 seconds
    /// # Ok::<(), retry_core::BudgetExhausted>(())
    /// ```
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.remaining_on(TimeSource::System)
    }

    /// What it has been asked for since it was made, and what it answered.
    ///
    /// ```
    /// # use retry_core::Budget;
    /// let budget = Budget::new("payments");
    /// budget.deposit();
    /// assert_eq!(budget.statistics().first_attempts, 1);
    /// ```
    #[must_use]
    pub fn statistics(&self) -> BudgetStatistics {
        self.tally.read(self.ratio.begun())
    }
}

// Using one by hand.
impl Budget {
    /// The first attempt of a call begins. Once per call, not for retries.
    ///
    /// A [`Call`](crate::Call) with this budget does so by itself.
    ///
    /// ```
    /// # use retry_core::Budget;
    /// let budget = Budget::new("payments").floor(0);
    /// (0..20).for_each(|_| budget.deposit());
    /// assert_eq!(budget.remaining(), 2);
    /// ```
    pub fn deposit(&self) {
        self.deposit_on(TimeSource::System);
    }

    /// Asks for a retry after a failure of this class, before waiting for it.
    ///
    /// # Errors
    ///
    /// If the budget allows none now.
    ///
    /// ```
    /// # use retry_core::{Budget, ErrorClass};
    /// let budget = Budget::new("payments").token_bucket(5);
    /// budget.withdraw(ErrorClass::Transient)?.spend();
    /// assert!(budget.withdraw(ErrorClass::Transient).is_err());
    /// # Ok::<(), retry_core::BudgetExhausted>(())
    /// ```
    pub fn withdraw(&self, class: ErrorClass) -> Result<BudgetToken<'_>, BudgetExhausted> {
        self.withdraw_on(class, TimeSource::System)
            .ok_or_else(|| BudgetExhausted::new(self.identity.clone()))
    }

    /// A call has succeeded. Only a token bucket takes note.
    ///
    /// ```
    /// # use retry_core::{Budget, ErrorClass};
    /// let budget = Budget::new("payments").token_bucket(5);
    /// budget.withdraw(ErrorClass::Transient)?.spend();
    /// (0..5).for_each(|_| budget.succeeded());
    /// assert_eq!(budget.remaining(), 1);
    /// # Ok::<(), retry_core::BudgetExhausted>(())
    /// ```
    pub fn succeeded(&self) {
        self.succeed();
    }

    /// Makes it as it was at first: no first attempts, no retries, a full bucket.
    ///
    /// Tokens that somebody holds can still be spent, but give nothing back. The [statistics](Self::statistics) go on.
    ///
    /// ```
    /// # use retry_core::{Budget, ErrorClass};
    /// let budget = Budget::new("payments").token_bucket(5);
    /// budget.withdraw(ErrorClass::Transient)?.spend();
    /// budget.reset();
    /// assert_eq!(budget.remaining(), 1);
    /// # Ok::<(), retry_core::BudgetExhausted>(())
    /// ```
    pub fn reset(&self) {
        self.ratio.reset();
        self.per_window.reset();
        self.bucket.reset();
    }
}

// What the drivers use.
impl Budget {
    /// The first attempt of a call begins. Waits for no lock and, but for every thirty-second call, reads no clock.
    #[inline]
    pub(crate) fn deposit_on(&self, time: TimeSource<'_>) {
        let begun = self.ratio.begin();
        if matches!(self.settings, BudgetSettings::Ratio { .. }) {
            self.ratio.date_if_due(begun, time);
        }
    }

    /// A retry after a failure of `class` is asked for.
    pub(crate) fn withdraw_on(
        &self,
        class: ErrorClass,
        time: TimeSource<'_>,
    ) -> Option<BudgetToken<'_>> {
        let ticket = match self.settings {
            BudgetSettings::Ratio { ratio, floor } => {
                self.ratio.take(Rate::new(ratio, floor), time)
            }
            BudgetSettings::PerWindow { retries, window } => {
                self.per_window.take(retries as usize, window, time)
            }
            BudgetSettings::TokenBucket {
                capacity, costs, ..
            } => self.bucket.take(capacity, costs.of(class)),
        };
        match ticket {
            Some(_) => self.tally.count_allowed(),
            None => self.tally.count_refused(),
        }
        ticket.map(|ticket| BudgetToken::of(self, ticket))
    }

    /// How many retries would be allowed now.
    pub(crate) fn remaining_on(&self, time: TimeSource<'_>) -> u64 {
        match self.settings {
            BudgetSettings::Ratio { ratio, floor } => {
                self.ratio.remaining(Rate::new(ratio, floor), time)
            }
            BudgetSettings::PerWindow { retries, window } => {
                self.per_window.remaining(retries as usize, window, time)
            }
            BudgetSettings::TokenBucket {
                capacity, costs, ..
            } => self.bucket.remaining(capacity, costs.greatest()),
        }
    }

    /// The call has succeeded.
    #[inline]
    pub(crate) fn succeed(&self) {
        if let BudgetSettings::TokenBucket { refund, .. } = self.settings {
            self.bucket.refund(refund);
        }
    }

    pub(crate) const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// A retry never ran.
    fn give_back(&self, ticket: u64) {
        match self.settings {
            BudgetSettings::Ratio { .. } => self.ratio.give_back(ticket),
            BudgetSettings::PerWindow { .. } => self.per_window.give_back(ticket),
            BudgetSettings::TokenBucket { .. } => self.bucket.give_back(ticket),
        }
        self.tally.count_given_back();
    }
}
