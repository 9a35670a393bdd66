//! What can be wrong with a policy, in one place for the builder and for data.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::Policy;
use crate::ErrorClass;

/// A policy was refused: which field, and why.
///
/// ```
/// use retry_core::{ClassRule, ErrorClass, Policy};
///
/// let error = Policy::new()
///     .attempts(3)
///     .class(ErrorClass::RateLimit, ClassRule::new().attempts(5))
///     .validate()
///     .unwrap_err();
/// assert_eq!(error.field(), "classes.rate_limit.attempts");
/// assert!(error.to_string().starts_with("`classes.rate_limit.attempts`: "));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    field: String,
    reason: Cow<'static, str>,
}

impl PolicyError {
    pub(super) fn new(field: impl Into<String>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field: field.into(),
            reason: reason.into(),
        }
    }

    /// The path of the field that was refused, with dots, as it is in configuration files.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// # use std::time::Duration;
    /// let second = Duration::from_secs(1);
    /// let error = Policy::new().deadline(second).attempt_timeout(second).validate().unwrap_err();
    /// assert_eq!(error.field(), "attempt_timeout");
    /// ```
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Why it was refused and what to do, in a sentence.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// # use std::time::Duration;
    /// let second = Duration::from_secs(1);
    /// let error = Policy::new().deadline(second).attempt_timeout(second).validate().unwrap_err();
    /// assert!(error.reason().starts_with("the attempt timeout must lie below the deadline"));
    /// ```
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A rule or a jitter that is read by itself has no path to name.
        if !self.field.is_empty() {
            write!(formatter, "`{}`: ", self.field)?;
        }
        formatter.write_str(&self.reason)
    }
}

impl Error for PolicyError {}

/// Why a policy is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    ZeroAttempts,
    ZeroClassAttempts,
    ZeroDeadline,
    ZeroAttemptTimeout,
    ZeroRetryAfterMax,
    RuleForNeverRetried(ErrorClass),
    ClassAboveAttempts(ErrorClass),
    TimeoutReachesDeadline,
    LastAttemptMissesDeadline,
}

/// One sentence per class, as a `const` panic cannot put a name into its text.
macro_rules! for_class {
    ($class:expr, $before:literal, $after:literal) => {
        match $class {
            ErrorClass::Auth => concat!($before, "auth", $after),
            ErrorClass::Permission => concat!($before, "permission", $after),
            ErrorClass::Permanent => concat!($before, "permanent", $after),
            ErrorClass::Concurrency => concat!($before, "concurrency", $after),
            ErrorClass::RateLimit => concat!($before, "rate_limit", $after),
            ErrorClass::ServerError => concat!($before, "server_error", $after),
            ErrorClass::Transient => concat!($before, "transient", $after),
            ErrorClass::Unknown => concat!($before, "unknown", $after),
        }
    };
}

impl Problem {
    /// What is wrong and what to do, in a sentence.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::ZeroAttempts => {
                "`attempts` must be at least 1: the first attempt counts; 1 means no retry."
            }
            Self::ZeroClassAttempts => {
                "the `attempts` of a class must be at least 1: 1 means that the class is never retried."
            }
            Self::ZeroDeadline => {
                "a deadline of zero leaves no time for anything: give it a duration, or leave it out for none."
            }
            Self::ZeroAttemptTimeout => {
                "an attempt timeout of zero cuts every attempt before it begins: give it a duration, or leave it out for none."
            }
            Self::ZeroRetryAfterMax => {
                "a `retry_after_max` of zero would turn every request to wait into a retry at once: give it a duration, or ignore `Retry-After`."
            }
            Self::RuleForNeverRetried(class) => for_class!(
                class,
                "the class `",
                "` is never retried, so a rule for it has no effect: remove the rule, or classify such errors differently."
            ),
            Self::ClassAboveAttempts(class) => for_class!(
                class,
                "the class `",
                "` allows more attempts than the whole policy: lower its `attempts`, or raise the policy's."
            ),
            Self::TimeoutReachesDeadline => {
                "the attempt timeout must lie below the deadline, or one attempt can use up the whole call: lower `attempt_timeout`, or raise `deadline`."
            }
            Self::LastAttemptMissesDeadline => {
                "the last attempt cannot start before the deadline, even if every attempt fails at once: raise `deadline`, lower `attempts`, or shorten the backoff."
            }
        }
    }

    /// The path of the field at fault.
    fn field(self) -> String {
        match self {
            // Of a class: relative to the rule, as only who has the rule knows its class.
            Self::ZeroAttempts | Self::ZeroClassAttempts => "attempts".to_owned(),
            Self::ZeroDeadline | Self::LastAttemptMissesDeadline => "deadline".to_owned(),
            Self::ZeroAttemptTimeout | Self::TimeoutReachesDeadline => "attempt_timeout".to_owned(),
            Self::ZeroRetryAfterMax => "retry_after_max".to_owned(),
            Self::RuleForNeverRetried(class) => format!("classes.{class}"),
            Self::ClassAboveAttempts(class) => format!("classes.{class}.attempts"),
        }
    }
}

impl From<Problem> for PolicyError {
    fn from(problem: Problem) -> Self {
        Self::new(problem.field(), problem.message())
    }
}

impl Policy {
    /// What is wrong with a field by itself.
    pub(super) const fn problem(&self) -> Option<Problem> {
        if let Some(0) = self.attempts {
            return Some(Problem::ZeroAttempts);
        }
        if let Some(Duration::ZERO) = self.deadline {
            return Some(Problem::ZeroDeadline);
        }
        if let Some(Duration::ZERO) = self.attempt_timeout {
            return Some(Problem::ZeroAttemptTimeout);
        }
        if self.retry_after_max.is_zero() {
            return Some(Problem::ZeroRetryAfterMax);
        }
        None
    }

    /// What is wrong between fields.
    pub(super) const fn conflict(&self) -> Option<Problem> {
        if let Some(attempts) = self.attempts {
            let mut index = 0;
            while index < ErrorClass::ALL.len() {
                let class = ErrorClass::ALL[index];
                // Only caps that were asked for: the one that `Unknown` has by itself is no
                // promise of a second attempt.
                if let Some(cap) = self.rules[class.index()].cap() {
                    if cap > attempts {
                        return Some(Problem::ClassAboveAttempts(class));
                    }
                }
                index += 1;
            }
        }
        if let Some(deadline) = self.deadline {
            if let Some(timeout) = self.attempt_timeout {
                if timeout.as_nanos() >= deadline.as_nanos() {
                    return Some(Problem::TimeoutReachesDeadline);
                }
            }
            if self.last_attempt_misses(deadline) {
                return Some(Problem::LastAttemptMissesDeadline);
            }
        }
        None
    }
}
