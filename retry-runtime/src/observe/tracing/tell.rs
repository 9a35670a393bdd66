//! An event of a call as an event of `tracing`.

use std::time::Duration;

use tracing::Level;

use super::TARGET;
use crate::class::{Cause, ErrorClass};
use crate::event::{Event, EventKind};
use crate::outcome::StopReason;

/// Tells `event` in the span that is current, if anybody listens.
pub(super) fn tell(event: &Event<'_>) {
    /// The place where an event of `tracing` comes from has one name and one level, so each kind has its own.
    macro_rules! by_kind {
        ($($kind:ident $(if $when:expr)? => $level:ident,)*) => {
            match event.kind {
                $(EventKind::$kind $(if $when)? => tracing::event!(
                    name: EventKind::$kind.as_str(),
                    target: TARGET,
                    Level::$level,
                    kind = event.kind.as_str(),
                    operation = event.operation,
                    attempt = event.attempt,
                    delay = event.delay.as_ref().map(Duration::as_secs_f64),
                    wait = event.wait.as_ref().map(Duration::as_secs_f64),
                    elapsed = event.elapsed.as_secs_f64(),
                    duration = event.duration.as_ref().map(Duration::as_secs_f64),
                    class = event.class.map(ErrorClass::as_str),
                    cause = event.cause.map(Cause::as_str),
                    stop_reason = event.stop_reason.map(StopReason::as_str),
                    error = event.error.map(tracing::field::display),
                    error_type = event.error_type,
                    guard = event.guard,
                    transition = event.transition,
                    "{}",
                    event.message()
                ),)*
            }
        };
    }
    by_kind! {
        AttemptStarted => DEBUG,
        AttemptEnded => DEBUG,
        Success if event.attempt > 1 => INFO,
        Success => DEBUG,
        Retry => WARN,
        PermanentFail => ERROR,
        DeadlineExceeded => ERROR,
        MaxAttemptsExceeded => ERROR,
        MaxUnknownAttemptsExceeded => ERROR,
        NoStrategyConfigured => ERROR,
        BudgetExhausted => ERROR,
        Scheduled => ERROR,
        Aborted => ERROR,
        CircuitOpened => WARN,
        CircuitHalfOpen => INFO,
        CircuitClosed => INFO,
        CircuitRejected => ERROR,
        BulkheadRejected => ERROR,
        ContentionDetected => WARN,
    }
}
