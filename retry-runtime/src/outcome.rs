//! How a call ended: [`Outcome`], [`StopReason`] and [`Stopped`].

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use crate::breaker::CircuitOpen;
use crate::class::{Cause, ErrorClass};
use crate::event::EventKind;
use crate::timeline::Timeline;

/// Why a call ended without success. The names never change.
///
/// ```
/// use retry_core::StopReason;
///
/// assert_eq!(StopReason::MaxAttemptsPerClass.as_str(), "max_attempts_per_class");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum StopReason {
    /// The policy's last attempt failed.
    MaxAttemptsGlobal,
    /// The last attempt that the failure's class may have failed.
    MaxAttemptsPerClass,
    /// The deadline passed, cut the attempt, or lies before the end of the next delay.
    DeadlineExceeded,
    /// The last attempt that an unknown failure may have failed.
    MaxUnknownAttempts,
    /// The failure is of a class that is never retried, or `retry_if` said no.
    NonRetryableClass,
    /// No backoff and no hint said how long to wait.
    NoStrategy,
    /// The budget refused the retry.
    BudgetExhausted,
    /// `on_sleep` left the retry to somebody else.
    Scheduled,
    /// The call was asked to stop.
    Aborted,
    /// The circuit is open.
    CircuitOpen,
    /// The bulkhead is full.
    BulkheadFull,
}

impl StopReason {
    /// Every reason, in declaration order.
    pub(crate) const ALL: [Self; 11] = [
        Self::MaxAttemptsGlobal,
        Self::MaxAttemptsPerClass,
        Self::DeadlineExceeded,
        Self::MaxUnknownAttempts,
        Self::NonRetryableClass,
        Self::NoStrategy,
        Self::BudgetExhausted,
        Self::Scheduled,
        Self::Aborted,
        Self::CircuitOpen,
        Self::BulkheadFull,
    ];

    /// The stable name, in snake case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MaxAttemptsGlobal => "max_attempts_global",
            Self::MaxAttemptsPerClass => "max_attempts_per_class",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::MaxUnknownAttempts => "max_unknown_attempts",
            Self::NonRetryableClass => "non_retryable_class",
            Self::NoStrategy => "no_strategy",
            Self::BudgetExhausted => "budget_exhausted",
            Self::Scheduled => "scheduled",
            Self::Aborted => "aborted",
            Self::CircuitOpen => "circuit_open",
            Self::BulkheadFull => "bulkhead_full",
        }
    }

    /// The reason's place in [`ALL`](Self::ALL), for tables with one entry per reason.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// The terminal event that announces it.
    pub(crate) const fn event(self) -> EventKind {
        match self {
            Self::MaxAttemptsGlobal | Self::MaxAttemptsPerClass => EventKind::MaxAttemptsExceeded,
            Self::DeadlineExceeded => EventKind::DeadlineExceeded,
            Self::MaxUnknownAttempts => EventKind::MaxUnknownAttemptsExceeded,
            Self::NonRetryableClass => EventKind::PermanentFail,
            Self::NoStrategy => EventKind::NoStrategyConfigured,
            Self::BudgetExhausted => EventKind::BudgetExhausted,
            Self::Scheduled => EventKind::Scheduled,
            Self::Aborted => EventKind::Aborted,
            Self::CircuitOpen => EventKind::CircuitRejected,
            Self::BulkheadFull => EventKind::BulkheadRejected,
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A call that ended without success and without an error of its own.
///
/// It appears where the operation gave no error to return: the call was rejected or aborted before its first attempt, or its last failure
/// was a timeout or an unacceptable value. Give your error type a `From<Stopped>`; [`io::Error`] has one. It is one pointer wide.
///
/// Classified, it is [`ErrorClass::Permanent`]: whoever stopped has already retried, so an outer retry does not multiply.
///
/// ```
/// use retry_core::{Policy, StopReason, Stopped};
///
/// #[derive(Debug)]
/// enum FetchError {
///     Stopped(Stopped),
/// }
///
/// impl From<Stopped> for FetchError {
///     fn from(stopped: Stopped) -> Self {
///         Self::Stopped(stopped)
///     }
/// }
///
/// const POLICY: Policy = Policy::new().attempts(2).backoff(retry_core::Backoff::none());
/// let call = POLICY.call("poll_job").retry_until(|done: &bool| *done).retry_if(|_: &FetchError| true);
/// let FetchError::Stopped(stopped) = call.run_blocking(|| Ok(false)).unwrap_err();
/// assert_eq!(stopped.reason(), StopReason::MaxAttemptsGlobal);
/// assert_eq!(stopped.attempts(), 2);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Stopped(Box<Stop>);

/// What is known about a stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) reason: StopReason,
    pub(crate) operation: &'static str,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    pub(crate) class: Option<ErrorClass>,
    pub(crate) cause: Option<Cause>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) guard: Option<Cow<'static, str>>,
    /// What an open circuit is to those who look for one below an error that hides this one.
    pub(crate) circuit: Option<CircuitOpen>,
}

impl Stopped {
    pub(crate) fn new(stop: Stop) -> Self {
        Self(Box::new(stop))
    }

    /// Why the call ended.
    #[must_use]
    pub const fn reason(&self) -> StopReason {
        self.0.reason
    }

    /// The name of what was called.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// How many attempts were started; 0 if the call ended before its first.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the call took, sleeps included; zero or next to it if an open circuit refused it at once.
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// The class of the last failure, if there was one.
    #[must_use]
    pub const fn class(&self) -> Option<ErrorClass> {
        self.0.class
    }

    /// What the last failure was, if there was one.
    #[must_use]
    pub const fn cause(&self) -> Option<Cause> {
        self.0.cause
    }

    /// How long to wait before the next call, where somebody said so: the last failure's hint, or the delay that a stopped call would
    /// have slept next.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The name of the breaker, budget or bulkhead that ended the call, if one did.
    #[must_use]
    pub fn guard(&self) -> Option<&str> {
        self.0.guard.as_deref()
    }
}

impl fmt::Debug for Stopped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Stopped")
            .field("reason", &self.0.reason)
            .field("operation", &self.0.operation)
            .field("attempts", &self.0.attempts)
            .field("elapsed", &self.0.elapsed)
            .field("class", &self.0.class)
            .field("cause", &self.0.cause)
            .field("retry_after", &self.0.retry_after)
            .field("guard", &self.0.guard)
            .finish()
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stop {
            reason,
            operation,
            attempts,
            elapsed,
            ..
        } = &*self.0;
        let noun = if *attempts == 1 {
            "attempt"
        } else {
            "attempts"
        };
        // Nobody reads nanoseconds.
        let elapsed = Duration::from_millis(elapsed.as_millis().try_into().unwrap_or(u64::MAX));
        write!(
            formatter,
            "{operation} stopped after {attempts} {noun} in {elapsed:?}: {reason}"
        )?;
        if let Some(guard) = self.guard() {
            write!(formatter, " (`{guard}`)")?;
        }
        match self.0.cause {
            Some(Cause::Timeout) => formatter.write_str(", the last attempt timed out"),
            Some(Cause::Value) => formatter.write_str(", the last value was not acceptable"),
            Some(Cause::Error) | None => Ok(()),
        }
    }
}

impl Error for Stopped {
    /// A [`CircuitOpen`] if that is why the call ended, so that it is found below an error that says what this one says, and shows its source
    /// for its own.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let circuit = self.0.circuit.as_ref()?;
        Some(circuit)
    }
}

/// `TimedOut` after a deadline or a timeout, `Other` for the rest; the [`Stopped`] is inside.
impl From<Stopped> for io::Error {
    fn from(stopped: Stopped) -> Self {
        let timed_out = stopped.reason() == StopReason::DeadlineExceeded
            || stopped.cause() == Some(Cause::Timeout);
        let kind = if timed_out {
            io::ErrorKind::TimedOut
        } else {
            io::ErrorKind::Other
        };
        Self::new(kind, stopped)
    }
}

/// What an operation gave last.
#[derive(Clone, Debug)]
pub(crate) enum End<T, E> {
    Success(T),
    Error(E),
    /// A value that was not acceptable.
    Value(T),
    /// No attempt was started, or the last one was cut.
    Nothing,
}

impl<T, E> From<Result<T, E>> for End<T, E> {
    #[inline]
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Success(value),
            Err(error) => Self::Error(error),
        }
    }
}

impl<T, E> End<T, E> {
    /// The same about what `change` leaves of the value.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> Option<U>) -> End<U, E> {
        match self {
            Self::Success(value) => change(value).map_or(End::Nothing, End::Success),
            Self::Value(value) => change(value).map_or(End::Nothing, End::Value),
            Self::Error(error) => End::Error(error),
            Self::Nothing => End::Nothing,
        }
    }
}

/// Everything about a call that has ended.
///
/// ```
/// use retry_core::{Backoff, ErrorClass, Policy, StopReason};
/// use std::io;
///
/// const POLICY: Policy = Policy::new().attempts(3).backoff(Backoff::none());
///
/// let outcome = POLICY.call("fetch_user").execute_blocking(|| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)));
/// assert!(!outcome.is_success());
/// assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
/// assert_eq!(outcome.attempts(), 3);
/// assert_eq!(outcome.last_class(), Some(ErrorClass::Transient));
/// assert_eq!(outcome.into_result().unwrap_err().kind(), io::ErrorKind::TimedOut);
/// ```
#[derive(Clone, Debug)]
#[must_use = "an outcome may be a failure; ask `is_success` or turn it `into_result`"]
pub struct Outcome<T, E> {
    pub(crate) end: End<T, E>,
    pub(crate) report: Report,
}

/// The part of an outcome that does not depend on the operation's types.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) operation: &'static str,
    pub(crate) reason: Option<StopReason>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    pub(crate) class: Option<ErrorClass>,
    pub(crate) cause: Option<Cause>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) next_delay: Option<Duration>,
    pub(crate) guard: Option<Cow<'static, str>>,
    pub(crate) timeline: Timeline,
}

impl<T, E> Outcome<T, E> {
    /// Whether the call succeeded.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.end, End::Success(_))
    }

    /// The value, or the error: the operation's own, or one made from [`Stopped`].
    ///
    /// # Errors
    ///
    /// What the call ended with.
    pub fn into_result(self) -> Result<T, E>
    where
        E: From<Stopped>,
    {
        self.into_result_or_else(E::from)
    }

    /// The value, or the error: the operation's own, or what `on_stop` makes of a stop without one.
    ///
    /// # Errors
    ///
    /// What the call ended with.
    pub fn into_result_or_else(self, on_stop: impl FnOnce(Stopped) -> E) -> Result<T, E> {
        match self.end {
            End::Success(value) => Ok(value),
            End::Error(error) => Err(error),
            End::Value(_) | End::Nothing => Err(on_stop(self.report.into_stopped())),
        }
    }

    /// The value of a call that succeeded.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match &self.end {
            End::Success(value) => Some(value),
            _ => None,
        }
    }

    /// The error that the call ended with, if its last failure was an error.
    #[must_use]
    pub const fn last_error(&self) -> Option<&E> {
        match &self.end {
            End::Error(error) => Some(error),
            _ => None,
        }
    }

    /// The unacceptable value that the call ended with, if its last failure was a value.
    #[must_use]
    pub const fn last_value(&self) -> Option<&T> {
        match &self.end {
            End::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Why the call ended, if it did not succeed.
    #[must_use]
    pub const fn stop_reason(&self) -> Option<StopReason> {
        self.report.reason
    }

    /// How many attempts were started; 0 if the call ended before its first.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.report.attempts
    }

    /// How long the call took, sleeps included; zero or next to it if an open circuit refused it at once.
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        self.report.elapsed
    }

    /// The class of the last failure, if there was one; also when a later attempt succeeded.
    #[must_use]
    pub const fn last_class(&self) -> Option<ErrorClass> {
        self.report.class
    }

    /// How long to wait before the next attempt, if the call ended as [`StopReason::Scheduled`]; until the circuit lets a probe through, if it
    /// ended as [`StopReason::CircuitOpen`] and that is known.
    #[must_use]
    pub const fn next_delay(&self) -> Option<Duration> {
        self.report.next_delay
    }

    /// The name of the breaker, budget or bulkhead that ended the call, if one did.
    ///
    /// ```
    /// use retry_core::{Bulkhead, Policy};
    ///
    /// static POOL: Bulkhead = Bulkhead::new("database", 1);
    /// const POLICY: Policy = Policy::new();
    ///
    /// let call = POLICY.call("query").bulkhead(&POOL);
    /// let inside = POOL.try_acquire();
    /// let outcome = call.execute_blocking(|| Ok::<_, std::io::Error>(7));
    /// assert_eq!(outcome.guard(), Some("database"));
    /// # drop(inside);
    /// ```
    #[must_use]
    pub fn guard(&self) -> Option<&str> {
        self.report.guard.as_deref()
    }

    /// What happened in the call, if it was told to record that, with [`Call::timeline`](crate::Call::timeline) or the key `timeline`; else empty.
    /// `Display` draws it as a chart.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        &self.report.timeline
    }
}

impl Report {
    pub(crate) fn into_stopped(self) -> Stopped {
        // A report without a reason is a success's, which nobody turns into a stop.
        let reason = self.reason.unwrap_or(StopReason::Aborted);
        let circuit = self
            .guard
            .as_ref()
            .filter(|_| reason == StopReason::CircuitOpen);
        let circuit = circuit.map(|name| CircuitOpen::new(name.clone(), self.next_delay));
        Stopped::new(Stop {
            reason,
            operation: self.operation,
            attempts: self.attempts,
            elapsed: self.elapsed,
            class: self.class,
            cause: self.cause,
            retry_after: self.next_delay.or(self.retry_after),
            guard: self.guard,
            circuit,
        })
    }
}
