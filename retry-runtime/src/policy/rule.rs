//! What a policy does differently for one class.

use super::check::Problem;
use crate::Backoff;

/// What a policy does differently for one class of failure.
///
/// ```
/// use retry_core::{Backoff, ClassRule, ErrorClass, Policy};
/// use std::time::Duration;
///
/// const POLICY: Policy = Policy::new()
///     .class(ErrorClass::RateLimit, ClassRule::new().backoff(Backoff::fixed(Duration::from_secs(5))))
///     .class(ErrorClass::Concurrency, ClassRule::new().attempts(2))
///     .class(ErrorClass::Unknown, ClassRule::never());
/// # let _ = POLICY;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassRule(pub(super) Rule);

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rule {
    Retry {
        attempts: Option<u32>,
        backoff: Option<Backoff>,
    },
    Never,
}

/// [`ClassRule::new`].
impl Default for ClassRule {
    fn default() -> Self {
        Self::new()
    }
}

impl ClassRule {
    /// A rule that changes nothing yet.
    ///
    /// ```
    /// # use retry_core::{ClassRule, ErrorClass, Policy};
    /// let policy = Policy::new().class(ErrorClass::Transient, ClassRule::new());
    /// assert_eq!(policy, Policy::new());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self(Rule::Retry {
            attempts: None,
            backoff: None,
        })
    }

    /// A rule that stops at the first failure of the class, with `NonRetryableClass`.
    ///
    /// ```
    /// # use retry_core::{ClassRule, ErrorClass, Policy};
    /// let policy = Policy::new().class(ErrorClass::ServerError, ClassRule::never());
    /// assert!(!policy.is_retried(ErrorClass::ServerError));
    /// ```
    #[must_use]
    pub const fn never() -> Self {
        Self(Rule::Never)
    }

    /// Sets how many attempts may end in this class; the last of them is not retried, so 1 means
    /// never.
    ///
    /// # Panics
    ///
    /// If it is 0, or the rule is [`never`](Self::never).
    ///
    /// ```
    /// # use retry_core::{ClassRule, ErrorClass, Policy};
    /// let policy = Policy::new().class(ErrorClass::Unknown, ClassRule::new().attempts(3));
    /// assert_eq!(policy.class_cap(ErrorClass::Unknown), Some(3));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn attempts(self, attempts: u32) -> Self {
        let rule = match self.0 {
            Rule::Retry { backoff, .. } => Self(Rule::Retry {
                attempts: Some(attempts),
                backoff,
            }),
            Rule::Never => panic!(
                "a class that is never retried has no use for `attempts`: start from `ClassRule::new()`."
            ),
        };
        match rule.problem() {
            None => rule,
            Some(problem) => panic!("{}", problem.message()),
        }
    }

    /// Sets the backoff of this class; its failures are then counted apart from all others.
    ///
    /// # Panics
    ///
    /// If the rule is [`never`](Self::never).
    ///
    /// ```
    /// # use retry_core::{Backoff, ClassRule, ErrorClass, Policy};
    /// let rule = ClassRule::new().backoff(Backoff::none());
    /// let policy = Policy::new().class(ErrorClass::Concurrency, rule);
    /// assert_eq!(policy.backoff_for(ErrorClass::Concurrency), Some(&Backoff::none()));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn backoff(self, backoff: Backoff) -> Self {
        match self.0 {
            Rule::Retry { attempts, .. } => Self(Rule::Retry {
                attempts,
                backoff: Some(backoff),
            }),
            Rule::Never => panic!(
                "a class that is never retried has no use for a backoff: start from `ClassRule::new()`."
            ),
        }
    }

    pub(super) const fn problem(&self) -> Option<Problem> {
        match self.cap() {
            Some(0) => Some(Problem::ZeroClassAttempts),
            _ => None,
        }
    }

    pub(crate) const fn is_never(&self) -> bool {
        matches!(self.0, Rule::Never)
    }

    pub(crate) const fn cap(&self) -> Option<u32> {
        match self.0 {
            Rule::Retry { attempts, .. } => attempts,
            Rule::Never => None,
        }
    }

    pub(crate) const fn own_backoff(&self) -> Option<&Backoff> {
        match &self.0 {
            Rule::Retry { backoff, .. } => backoff.as_ref(),
            Rule::Never => None,
        }
    }

    /// This rule, with everything that the later one sets.
    pub(super) const fn overridden_by(self, later: Self) -> Self {
        let (
            Rule::Retry { attempts, backoff },
            Rule::Retry {
                attempts: later_attempts,
                backoff: later_backoff,
            },
        ) = (self.0, later.0)
        else {
            return later;
        };
        Self(Rule::Retry {
            attempts: match later_attempts {
                None => attempts,
                some => some,
            },
            backoff: match later_backoff {
                None => backoff,
                some => some,
            },
        })
    }
}
