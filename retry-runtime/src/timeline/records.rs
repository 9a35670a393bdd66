//! What a timeline consists of.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::line::Escaped;
use crate::class::{Cause, ErrorClass};
use crate::event::EventKind;
use crate::outcome::StopReason;

/// One attempt of a [`Timeline`](super::Timeline). `Display` gives a line of text.
///
/// ```
/// use retry_core::testing::ManualClock;
/// use retry_core::{ErrorClass, Policy};
/// use std::io;
///
/// const POLICY: Policy = Policy::new().attempts(1);
///
/// let clock = ManualClock::new();
/// let call = POLICY.call("fetch_user").clock(&clock).timeline(16);
/// let outcome = call.execute_blocking(|| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)));
/// let attempt = outcome.timeline().iter().next().expect("there was one");
/// assert_eq!(attempt.class, Some(ErrorClass::Transient));
/// assert_eq!(attempt.to_string(), "attempt 1 at 0ns took 0ns: transient error");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct AttemptRecord {
    /// From 1.
    pub number: u32,
    /// When it began, counted from the beginning of the call.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
    pub start: Duration,
    /// How long it had waited for a place in the bulkhead by then, if the call has one: zero if it did not queue.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::duration_text::serialize_known")
    )]
    pub wait: Option<Duration>,
    /// How long it took.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
    pub duration: Duration,
    /// The class of its failure, `None` if it succeeded.
    pub class: Option<ErrorClass>,
    /// What failed, `None` if it succeeded.
    pub cause: Option<Cause>,
    /// The error's text, where it is known.
    pub error: Option<String>,
    /// The sleep that followed, `None` if no attempt followed.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::duration_text::serialize_known")
    )]
    pub delay: Option<Duration>,
}

/// What a guard did in the call of a [`Timeline`](super::Timeline). `Display` gives a line of text.
///
/// ```
/// use retry_core::testing::ManualClock;
/// use retry_core::{Bulkhead, EventKind, Policy};
/// use std::io;
///
/// static POOL: Bulkhead = Bulkhead::new("database", 1);
/// const POLICY: Policy = Policy::new();
///
/// let inside = POOL.try_acquire();
/// let clock = ManualClock::new();
/// let call = POLICY.call("query").bulkhead(&POOL).clock(&clock).timeline(16);
/// let outcome = call.execute_blocking(|| Ok::<_, io::Error>(7));
/// let event = outcome.timeline().events().next().expect("it was rejected");
/// assert_eq!((event.kind, event.after_attempt), (EventKind::BulkheadRejected, 0));
/// assert_eq!(event.to_string(), "bulkhead_rejected `database` at 0ns");
/// # drop(inside);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct GuardRecord {
    /// What happened: a transition of a circuit that the call caused, a refusal, or contention.
    pub kind: EventKind,
    /// The name of the breaker, budget or bulkhead.
    pub guard: Cow<'static, str>,
    /// When, counted from the beginning of the call.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
    pub at: Duration,
    /// The attempt that had ended last by then; 0 if none had.
    pub after_attempt: u32,
    /// How long the call had waited for the bulkhead, in `contention_detected` and `bulkhead_rejected`; until the circuit lets a probe through, in
    /// `circuit_rejected` if that is known.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::duration_text::serialize_known")
    )]
    pub duration: Option<Duration>,
}

/// How the call of a [`Timeline`](super::Timeline) ended; see [`Timeline::end`](super::Timeline::end).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TimelineEnd {
    /// Why, `None` if it succeeded.
    pub stop_reason: Option<StopReason>,
    /// When, counted from the beginning of the call.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
    pub at: Duration,
    /// How long the call had waited for the bulkhead by then, in vain: for an attempt that did not start. `None` if it did not ask for a place.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::duration_text::serialize_known")
    )]
    pub wait: Option<Duration>,
}

impl TimelineEnd {
    pub(crate) const fn new(stop_reason: Option<StopReason>, at: Duration) -> Self {
        Self {
            stop_reason,
            at,
            wait: None,
        }
    }
}

impl fmt::Display for AttemptRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "attempt {} at {:?} took {:?}: ",
            self.number, self.start, self.duration
        )?;
        match (self.class, self.cause) {
            (Some(class), Some(cause)) => write!(formatter, "{class} {cause}")?,
            _ => formatter.write_str("success")?,
        }
        if let Some(error) = &self.error {
            write!(formatter, " \"{}\"", Escaped(error))?;
        }
        if let Some(wait) = self.wait.filter(|wait| !wait.is_zero()) {
            write!(formatter, ", after waiting {wait:?}")?;
        }
        match self.delay {
            Some(delay) => write!(formatter, ", then slept {delay:?}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for GuardRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind, guard, at, ..
        } = self;
        write!(formatter, "{kind} `{}` at {at:?}", Escaped(guard))?;
        match (kind, self.duration) {
            (_, None | Some(Duration::ZERO)) => Ok(()),
            (EventKind::CircuitRejected, Some(left)) => {
                write!(formatter, ", a probe in {left:?}")
            }
            (_, Some(wait)) => write!(formatter, ", after waiting {wait:?}"),
        }
    }
}
