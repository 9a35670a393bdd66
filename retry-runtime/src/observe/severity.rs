//! Which events are worth a line, and how loud it is: the same for all observers that write lines.

use crate::event::{Event, EventKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    Error,
    Warn,
    Info,
    Debug,
}

impl Severity {
    pub(crate) const fn of(event: &Event<'_>) -> Self {
        match event.kind {
            EventKind::PermanentFail
            | EventKind::DeadlineExceeded
            | EventKind::MaxAttemptsExceeded
            | EventKind::MaxUnknownAttemptsExceeded
            | EventKind::NoStrategyConfigured
            | EventKind::BudgetExhausted
            | EventKind::Scheduled
            | EventKind::Aborted
            | EventKind::CircuitRejected
            | EventKind::BulkheadRejected => Self::Error,
            EventKind::Retry | EventKind::CircuitOpened | EventKind::ContentionDetected => {
                Self::Warn
            }
            EventKind::Success if event.attempt > 1 => Self::Info,
            EventKind::CircuitHalfOpen | EventKind::CircuitClosed => Self::Info,
            EventKind::Success | EventKind::AttemptStarted | EventKind::AttemptEnded => Self::Debug,
        }
    }
}

/// What is told besides what went wrong and how it came right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verbosity {
    /// Successes at the first attempt too.
    pub(crate) every_call: bool,
    /// The beginning and the end of attempts too.
    pub(crate) every_attempt: bool,
}

impl Verbosity {
    pub(crate) const DEFAULT: Self = Self {
        every_call: false,
        every_attempt: false,
    };

    pub(crate) const fn tells(self, event: &Event<'_>) -> bool {
        match event.kind {
            EventKind::AttemptStarted | EventKind::AttemptEnded => self.every_attempt,
            EventKind::Success => event.attempt > 1 || self.every_call,
            _ => true,
        }
    }
}
