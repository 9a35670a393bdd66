//! No permit to be had.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// A [`Bulkhead`](crate::Bulkhead) had no permit for the caller.
///
/// It is [`RateLimit`](crate::ErrorClass::RateLimit) to those who classify it: nothing has failed, there is too much of it at the moment, and
/// whoever tries again should do it as patiently as when a server asks for that.
///
/// ```
/// use retry_core::{Bulkhead, Classify, ErrorClass};
///
/// static POOL: Bulkhead = Bulkhead::new("database", 1);
///
/// let permit = POOL.try_acquire();
/// let full = POOL.try_acquire().unwrap_err();
/// assert_eq!(full.to_string(), "bulkhead `database` is full");
/// assert_eq!(full.classify().class, ErrorClass::RateLimit);
/// # drop(permit);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkheadFull {
    name: Cow<'static, str>,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// All permits were taken, and the caller could not or did not want to wait.
    Taken,
    /// As many as are allowed to waited already.
    QueueFull,
    /// He waited for so long.
    TimedOut(Duration),
}

impl BulkheadFull {
    pub(super) const fn new(name: Cow<'static, str>, why: Why) -> Self {
        Self { name, why }
    }

    /// The bulkhead's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the queue was full, so that the caller could not even wait.
    #[must_use]
    pub const fn is_queue_full(&self) -> bool {
        matches!(self.why, Why::QueueFull)
    }

    /// Whether the caller waited in vain.
    #[must_use]
    pub const fn is_timed_out(&self) -> bool {
        matches!(self.why, Why::TimedOut(_))
    }

    /// How long the caller waited; zero if he was refused at once.
    #[must_use]
    pub const fn waited(&self) -> Duration {
        match self.why {
            Why::Taken | Why::QueueFull => Duration::ZERO,
            Why::TimedOut(waited) => waited,
        }
    }
}

impl fmt::Display for BulkheadFull {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.why {
            Why::Taken => write!(formatter, "bulkhead `{name}` is full"),
            Why::QueueFull => write!(formatter, "bulkhead `{name}` and its queue are full"),
            Why::TimedOut(waited) => {
                write!(
                    formatter,
                    "bulkhead `{name}` was still full after {waited:?}"
                )
            }
        }
    }
}

impl Error for BulkheadFull {}
