//! What a backoff may look at.

use std::time::Duration;

use crate::{Cause, ErrorClass};

/// What is known when the delay before the next attempt is asked for.
///
/// The engine fills it in; a test of a [`custom`](crate::Backoff::custom) backoff builds one with
/// [`new`](Self::new) and the `with_…` methods.
///
/// ```
/// use retry_core::{Backoff, BackoffContext};
/// use std::time::Duration;
///
/// fn patient(context: &BackoffContext) -> Duration {
///     Duration::from_secs(10) * context.failures
/// }
///
/// let delay = Backoff::custom(patient).delay(&BackoffContext::new(3), 0.0);
/// assert_eq!(delay, Duration::from_secs(30));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackoffContext {
    /// The attempt that failed, from 1.
    pub attempt: u32,
    /// How many failures this backoff has answered in this call, this one included, from 1. A
    /// failure that a server's hint answered does not count.
    pub failures: u32,
    /// The class of the failure.
    pub class: ErrorClass,
    /// The server's hint, if there is one. The engine asks a backoff only when it does not follow
    /// the hint.
    pub retry_after: Option<Duration>,
    /// The delay this backoff gave last in this call; `None` the first time.
    pub previous: Option<Duration>,
    /// What is left until the deadline; `None` without one.
    pub remaining: Option<Duration>,
    /// What made the attempt fail.
    pub cause: Cause,
}

impl BackoffContext {
    /// The context of failure `failures`: an error of class `Transient` in the attempt of the
    /// same number, with nothing else known.
    ///
    /// ```
    /// # use retry_core::{BackoffContext, ErrorClass};
    /// let context = BackoffContext::new(2);
    /// assert_eq!((context.attempt, context.failures), (2, 2));
    /// assert_eq!(context.class, ErrorClass::Transient);
    /// ```
    #[must_use]
    pub const fn new(failures: u32) -> Self {
        Self {
            attempt: failures,
            failures,
            class: ErrorClass::Transient,
            retry_after: None,
            previous: None,
            remaining: None,
            cause: Cause::Error,
        }
    }

    /// Sets the attempt that failed, from 1.
    ///
    /// ```
    /// # use retry_core::BackoffContext;
    /// assert_eq!(BackoffContext::new(1).with_attempt(4).attempt, 4);
    /// ```
    #[must_use]
    pub const fn with_attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// Sets the class of the failure.
    ///
    /// ```
    /// # use retry_core::{BackoffContext, ErrorClass};
    /// let context = BackoffContext::new(1).with_class(ErrorClass::RateLimit);
    /// assert_eq!(context.class, ErrorClass::RateLimit);
    /// ```
    #[must_use]
    pub const fn with_class(mut self, class: ErrorClass) -> Self {
        self.class = class;
        self
    }

    /// Sets the server's hint.
    ///
    /// ```
    /// # use retry_core::BackoffContext;
    /// # use std::time::Duration;
    /// let context = BackoffContext::new(1).with_retry_after(Duration::from_secs(3));
    /// assert_eq!(context.retry_after, Some(Duration::from_secs(3)));
    /// ```
    #[must_use]
    pub const fn with_retry_after(mut self, hint: Duration) -> Self {
        self.retry_after = Some(hint);
        self
    }

    /// Sets the delay that this backoff gave last.
    ///
    /// ```
    /// # use retry_core::BackoffContext;
    /// # use std::time::Duration;
    /// let context = BackoffContext::new(2).with_previous(Duration::from_secs(3));
    /// assert_eq!(context.previous, Some(Duration::from_secs(3)));
    /// ```
    #[must_use]
    pub const fn with_previous(mut self, delay: Duration) -> Self {
        self.previous = Some(delay);
        self
    }

    /// Sets what is left until the deadline.
    ///
    /// ```
    /// # use retry_core::BackoffContext;
    /// # use std::time::Duration;
    /// let context = BackoffContext::new(1).with_remaining(Duration::from_secs(3));
    /// assert_eq!(context.remaining, Some(Duration::from_secs(3)));
    /// ```
    #[must_use]
    pub const fn with_remaining(mut self, remaining: Duration) -> Self {
        self.remaining = Some(remaining);
        self
    }

    /// Sets what made the attempt fail.
    ///
    /// ```
    /// # use retry_core::{BackoffContext, Cause};
    /// let context = BackoffContext::new(1).with_cause(Cause::Timeout);
    /// assert_eq!(context.cause, Cause::Timeout);
    /// ```
    #[must_use]
    pub const fn with_cause(mut self, cause: Cause) -> Self {
        self.cause = cause;
        self
    }
}
