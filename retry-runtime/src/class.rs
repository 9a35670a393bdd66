//! What kind of failure it was: the eight classes, and how an error says which one it is.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What kind of failure it was, which decides whether and how it is retried.
///
/// The first three are never retried: nothing that waiting could change.
///
/// ```
/// use retry_core::ErrorClass;
///
/// assert_eq!(ErrorClass::RateLimit.as_str(), "rate_limit");
/// assert!(ErrorClass::RateLimit.is_retryable());
/// assert!(!ErrorClass::Auth.is_retryable());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum ErrorClass {
    /// Nobody has proved who is asking: a missing or expired credential. Never retried.
    Auth,
    /// The one who asks is known and may not. Never retried.
    Permission,
    /// The same request will fail the same way for ever. Never retried.
    Permanent,
    /// Somebody else changed or holds the same thing: a conflict, a lock, a deadlock.
    Concurrency,
    /// Too many requests in too little time; the other side wants to be asked later.
    RateLimit,
    /// The other side failed by its own account.
    ServerError,
    /// A failure on the way that the next attempt may not meet: a reset, a timeout.
    Transient,
    /// Nobody can say. Retried with care: at most two attempts unless a rule says otherwise.
    Unknown,
}

impl ErrorClass {
    /// Every class, in declaration order.
    ///
    /// ```
    /// use retry_core::ErrorClass;
    ///
    /// let retried: Vec<_> = ErrorClass::ALL.iter().filter(|class| class.is_retryable()).collect();
    /// assert_eq!(retried.len(), 5);
    /// ```
    pub const ALL: [Self; 8] = [
        Self::Auth,
        Self::Permission,
        Self::Permanent,
        Self::Concurrency,
        Self::RateLimit,
        Self::ServerError,
        Self::Transient,
        Self::Unknown,
    ];

    /// The stable name in `snake_case`, as it appears in events, metrics and configuration.
    ///
    /// ```
    /// # use retry_core::ErrorClass;
    /// assert_eq!(ErrorClass::ServerError.as_str(), "server_error");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::Permanent => "permanent",
            Self::Concurrency => "concurrency",
            Self::RateLimit => "rate_limit",
            Self::ServerError => "server_error",
            Self::Transient => "transient",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a policy may retry this class at all: false for `Auth`, `Permission` and
    /// `Permanent`.
    ///
    /// ```
    /// # use retry_core::ErrorClass;
    /// assert!(ErrorClass::Unknown.is_retryable());
    /// assert!(!ErrorClass::Permanent.is_retryable());
    /// ```
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        !matches!(self, Self::Auth | Self::Permission | Self::Permanent)
    }

    /// The class's place in [`ALL`](Self::ALL), for tables with one entry per class.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// Reads the stable name that [`ErrorClass::as_str`] gives.
///
/// ```
/// use retry_core::ErrorClass;
///
/// assert_eq!("rate_limit".parse(), Ok(ErrorClass::RateLimit));
/// assert!("RateLimit".parse::<ErrorClass>().is_err());
/// ```
impl FromStr for ErrorClass {
    type Err = ParseErrorClassError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str() == text)
            .ok_or_else(|| ParseErrorClassError(text.to_owned()))
    }
}

/// The text is not the name of an [`ErrorClass`].
///
/// ```
/// use retry_core::ErrorClass;
///
/// let error = "ratelimit".parse::<ErrorClass>().unwrap_err();
/// assert!(error.to_string().starts_with("`ratelimit` is not an error class"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseErrorClassError(String);

impl fmt::Display for ParseErrorClassError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`{}` is not an error class; write one of ",
            self.0
        )?;
        for (position, class) in ErrorClass::ALL.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(formatter, "{separator}`{class}`")?;
        }
        Ok(())
    }
}

impl Error for ParseErrorClassError {}

/// What made an attempt fail: an error, a value that was not acceptable, or its timeout.
///
/// ```
/// use retry_core::Cause;
///
/// assert_eq!(Cause::Timeout.as_str(), "timeout");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Cause {
    /// The operation returned an error.
    Error,
    /// The operation returned a value that was judged not acceptable.
    Value,
    /// The attempt was cut by its timeout.
    Timeout,
}

impl Cause {
    /// The stable name in `snake_case`, as it appears in events.
    ///
    /// ```
    /// # use retry_core::Cause;
    /// assert_eq!(Cause::Value.as_str(), "value");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Value => "value",
            Self::Timeout => "timeout",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The verdict on one failure: its class, and what the other side said about it.
///
/// ```
/// use retry_core::{Classification, ErrorClass};
/// use std::time::Duration;
///
/// let verdict = Classification::new(ErrorClass::RateLimit)
///     .with_retry_after(Duration::from_secs(5))
///     .with_reason("quota of the tenant");
/// assert_eq!(verdict.retry_after, Some(Duration::from_secs(5)));
/// assert_eq!(verdict.reason, Some("quota of the tenant"));
/// assert_eq!(Classification::from(ErrorClass::Auth).class, ErrorClass::Auth);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Classification {
    /// What kind of failure it was.
    pub class: ErrorClass,
    /// How long the other side asked to be left alone, counted from now. It takes the place of
    /// the backoff's delay when the policy honours hints.
    pub retry_after: Option<Duration>,
    /// Why it is of this class, for people who read events. Of low cardinality, so that it can
    /// be a label.
    pub reason: Option<&'static str>,
}

impl Classification {
    /// A verdict without a hint and without a reason.
    ///
    /// ```
    /// # use retry_core::{Classification, ErrorClass};
    /// const LOCKED: Classification = Classification::new(ErrorClass::Concurrency);
    /// assert_eq!(LOCKED.retry_after, None);
    /// ```
    #[must_use]
    pub const fn new(class: ErrorClass) -> Self {
        Self {
            class,
            retry_after: None,
            reason: None,
        }
    }

    /// Adds the delay that the other side asked for, counted from now; zero means at once.
    ///
    /// ```
    /// # use retry_core::{Classification, ErrorClass};
    /// # use std::time::Duration;
    /// let verdict = Classification::new(ErrorClass::RateLimit).with_retry_after(Duration::from_secs(1));
    /// assert_eq!(verdict.retry_after, Some(Duration::from_secs(1)));
    /// ```
    #[must_use]
    pub const fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Adds why it is of this class.
    ///
    /// ```
    /// # use retry_core::{Classification, ErrorClass};
    /// let verdict = Classification::new(ErrorClass::Permanent).with_reason("schema mismatch");
    /// assert_eq!(verdict.reason, Some("schema mismatch"));
    /// ```
    #[must_use]
    pub const fn with_reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }
}

impl From<ErrorClass> for Classification {
    fn from(class: ErrorClass) -> Self {
        Self::new(class)
    }
}

/// An error that knows which class of failure it is.
///
/// [`#[derive(Classify)]`](https://docs.rs/retry-core/latest/retry_core/derive.Classify.html) reads it off attributes on the variants; by hand it is
///
/// ```
/// use retry_core::{Classification, Classify, ErrorClass};
/// use std::time::Duration;
///
/// enum StoreError {
///     Busy { wait: Duration },
///     NoSuchKey,
/// }
///
/// impl Classify for StoreError {
///     fn classify(&self) -> Classification {
///         match self {
///             Self::Busy { wait } => Classification::new(ErrorClass::RateLimit).with_retry_after(*wait),
///             Self::NoSuchKey => ErrorClass::Permanent.into(),
///         }
///     }
/// }
///
/// let busy = StoreError::Busy { wait: Duration::from_secs(1) };
/// assert_eq!(busy.classify().class, ErrorClass::RateLimit);
/// assert_eq!(StoreError::NoSuchKey.classify().class, ErrorClass::Permanent);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which class of failure it is",
    label = "this error cannot be classified",
    note = "derive it with `#[derive(Classify)]` and a class on each variant, as in `#[classify(transient)]`, or",
    note = "implement `retry_core::Classify` for it, or",
    note = "pass a classifier: `classify = |error| …` in the attribute, `.classify(|error| …)` on a call, or",
    note = "pass a yes-or-no answer: `retry_if = |error| …` in the attribute, `.retry_if(|error| …)` on a call"
)]
pub trait Classify {
    /// Says which class of failure this is.
    ///
    /// Called once per failed attempt, so it may look but should not work.
    ///
    /// ```
    /// use retry_core::{Classify, ErrorClass};
    /// use std::io;
    ///
    /// let error = io::Error::from(io::ErrorKind::ConnectionReset);
    /// assert_eq!(error.classify().class, ErrorClass::Transient);
    /// ```
    fn classify(&self) -> Classification;
}
