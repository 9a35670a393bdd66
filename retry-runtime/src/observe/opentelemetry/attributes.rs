//! What is said of events: the values of attributes that metrics and spans have in common.

use opentelemetry::KeyValue;

use crate::breaker::CircuitState;
use crate::class::{Cause, ErrorClass};
use crate::event::{Event, EventKind};
use crate::guard::Identity;
use crate::outcome::StopReason;

/// From the semantic conventions.
pub(super) const ERROR_TYPE: &str = "error.type";

/// The value of an attribute of a metric that does not apply.
pub(super) const NONE: &str = "none";

const SUCCESS: &str = "success";
const FAILURE: &str = "failure";

/// What has failed, if anything has.
pub(super) fn error_type(event: &Event<'_>) -> Option<&'static str> {
    match (event.cause, event.class) {
        (Some(Cause::Timeout), _) => Some("timeout"),
        (_, Some(class)) => Some(class.as_str()),
        (_, None) => event.stop_reason.map(StopReason::as_str),
    }
}

/// How a call has ended.
pub(super) const fn outcome_of_call(event: &Event<'_>) -> &'static str {
    match event.kind {
        EventKind::Success => SUCCESS,
        _ => FAILURE,
    }
}

/// How an attempt has ended.
pub(super) fn outcome_of_attempt(event: &Event<'_>) -> &'static str {
    event.cause.map_or(SUCCESS, Cause::as_str)
}

pub(super) fn class(event: &Event<'_>) -> &'static str {
    event.class.map_or(NONE, ErrorClass::as_str)
}

pub(super) fn stop_reason(event: &Event<'_>) -> &'static str {
    event.stop_reason.map_or(NONE, StopReason::as_str)
}

/// What a circuit has become, in its transitions.
pub(super) const fn becomes(kind: EventKind) -> Option<CircuitState> {
    match kind {
        EventKind::CircuitOpened => Some(CircuitState::Open),
        EventKind::CircuitHalfOpen => Some(CircuitState::HalfOpen),
        EventKind::CircuitClosed => Some(CircuitState::Closed),
        _ => None,
    }
}

/// A guard's name, without allocation if it was given in the source.
pub(super) fn named(key: &'static str, guard: &Identity) -> KeyValue {
    KeyValue::new(key, guard.shared_name())
}
