//! What those are told who ask an open circuit.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::class::{Classification, Classify, ErrorClass};

/// The circuit is open, or half-open with all its probes under way.
///
/// As an error it is [`ErrorClass::Permanent`]: an open circuit is not worth another attempt.
///
/// ```
/// use retry_core::CircuitBreaker;
///
/// let breaker = CircuitBreaker::new("payments");
/// breaker.force_open();
/// let error = breaker.try_acquire().unwrap_err();
/// assert_eq!(error.to_string(), "the circuit `payments` is open");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircuitOpen {
    name: Cow<'static, str>,
    retry_after: Option<Duration>,
}

impl CircuitOpen {
    pub(crate) const fn new(name: Cow<'static, str>, retry_after: Option<Duration>) -> Self {
        Self { name, retry_after }
    }

    /// The circuit's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long until the circuit lets a probe through, if that is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for CircuitOpen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the circuit `{}` is open", self.name)?;
        match self.retry_after {
            Some(retry_after) => write!(formatter, " for another {retry_after:?}"),
            None => Ok(()),
        }
    }
}

impl Error for CircuitOpen {}

impl Classify for CircuitOpen {
    fn classify(&self) -> Classification {
        ErrorClass::Permanent.into()
    }
}
