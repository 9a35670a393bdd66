//! An open circuit somewhere below an error.

use std::error::Error;
use std::io;

use crate::breaker::CircuitOpen;
use crate::outcome::{StopReason, Stopped};
use crate::{Classification, Classify};

/// Whether an error says, itself or anywhere in its [`source`](Error::source) chain, that a circuit is open: a [`Stopped`] for that reason, or a
/// [`CircuitOpen`].
///
/// Such an error is not worth another attempt, whatever it looks like from outside. The attribute looks for it in every error that has a
/// `source`; classifiers of your own can ask here.
///
/// ```
/// use retry_core::{CircuitBreaker, classify};
/// use std::io;
///
/// let breaker = CircuitBreaker::new("payments");
/// breaker.force_open();
/// let error = io::Error::new(io::ErrorKind::TimedOut, breaker.try_acquire().unwrap_err());
/// assert!(classify::met_open_circuit(&error));
/// ```
#[must_use]
pub fn met_open_circuit(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| inside(error)).any(is_open_circuit)
}

/// `source()` of an `io::Error` is the source of what it wraps: what it wraps itself is behind `get_ref`.
fn inside<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

fn is_open_circuit(error: &(dyn Error + 'static)) -> bool {
    error.is::<CircuitOpen>()
        || error
            .downcast_ref::<Stopped>()
            .is_some_and(|stopped| stopped.reason() == StopReason::CircuitOpen)
}

pub(super) fn recognise(error: &(dyn Error + 'static)) -> Option<Classification> {
    error.downcast_ref::<CircuitOpen>().map(Classify::classify)
}
