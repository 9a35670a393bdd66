//! What is said about an event in a line of a log: one sentence, the same whatever writes the log.

use std::fmt::{self, Display};
use std::time::Duration;

use crate::class::Cause;
use crate::event::{Event, EventKind};
use crate::outcome::StopReason;
use crate::readable::Readable;

/// What takes less, before the first attempt, was no wait.
const WAIT: Duration = Duration::from_millis(1);

/// An event as a sentence for people.
pub(crate) struct Message<'e>(pub(crate) &'e Event<'e>);

impl Display for Message<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.0.operation)?;
        match self.0.kind {
            EventKind::AttemptStarted => write!(formatter, "attempt {} starts", self.0.attempt),
            EventKind::AttemptEnded => self.attempt_ended(formatter),
            EventKind::Success => self.success(formatter),
            EventKind::Retry => self.retry(formatter),
            EventKind::CircuitOpened => self.circuit(formatter, "opened"),
            EventKind::CircuitHalfOpen => self.circuit(formatter, "is half-open"),
            EventKind::CircuitClosed => self.circuit(formatter, "closed"),
            EventKind::ContentionDetected => self.contention(formatter),
            EventKind::PermanentFail
            | EventKind::DeadlineExceeded
            | EventKind::MaxAttemptsExceeded
            | EventKind::MaxUnknownAttemptsExceeded
            | EventKind::NoStrategyConfigured
            | EventKind::BudgetExhausted
            | EventKind::Scheduled
            | EventKind::Aborted
            | EventKind::CircuitRejected
            | EventKind::BulkheadRejected => self.stop(formatter),
        }
    }
}

impl Message<'_> {
    fn attempt_ended(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Event {
            attempt, duration, ..
        } = *self.0;
        let duration = Readable(duration.unwrap_or_default());
        if self.0.class.is_none() {
            return write!(formatter, "attempt {attempt} succeeded in {duration}");
        }
        write!(formatter, "attempt {attempt} failed in {duration}")?;
        self.failure_in_parentheses(formatter)
    }

    fn success(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elapsed = Readable(self.0.elapsed);
        match self.0.attempt {
            1 => write!(formatter, "succeeded in {elapsed}"),
            attempt => write!(formatter, "succeeded at attempt {attempt}, after {elapsed}"),
        }
    }

    fn retry(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Event { attempt, delay, .. } = *self.0;
        write!(formatter, "attempt {attempt} failed")?;
        self.failure_in_parentheses(formatter)?;
        write!(formatter, "; attempt {} ", attempt.saturating_add(1))?;
        match delay.unwrap_or_default() {
            Duration::ZERO => formatter.write_str("at once"),
            delay => write!(formatter, "in {}", Readable(delay)),
        }
    }

    fn stop(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = self.0;
        let deferred = event.stop_reason == Some(StopReason::Scheduled);
        formatter.write_str(if deferred { "deferred" } else { "gave up" })?;
        let elapsed = Readable(event.elapsed);
        match event.attempt {
            0 if event.elapsed < WAIT => write!(formatter, " before the first attempt")?,
            0 => write!(formatter, " before the first attempt, after {elapsed}")?,
            1 => write!(formatter, " after 1 attempt in {elapsed}")?,
            attempts => write!(formatter, " after {attempts} attempts in {elapsed}")?,
        }
        if let Some(reason) = event.stop_reason {
            write!(formatter, " ({reason}")?;
            if let Some(guard) = event.guard {
                write!(formatter, " `{guard}`")?;
            }
            if let Some(delay) = event.delay {
                write!(formatter, ", try again in {}", Readable(delay))?;
            }
            formatter.write_str(")")?;
        }
        match self.what_failed() {
            Some(what) => write!(formatter, ": {what}"),
            None => Ok(()),
        }
    }

    fn circuit(&self, formatter: &mut fmt::Formatter<'_>, change: &str) -> fmt::Result {
        let name = self.0.guard.unwrap_or_default();
        write!(formatter, "the circuit `{name}` {change}")
    }

    fn contention(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.guard.unwrap_or_default();
        let waited = Readable(self.0.delay.unwrap_or_default());
        write!(formatter, "waited {waited} for the bulkhead `{name}`")
    }

    fn failure_in_parentheses(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.class, self.what_failed()) {
            (Some(class), Some(what)) => write!(formatter, " ({class}: {what})"),
            (Some(class), None) => write!(formatter, " ({class})"),
            (None, _) => Ok(()),
        }
    }

    /// The error's text, or the most that is known instead.
    fn what_failed(&self) -> Option<&dyn Display> {
        let Event {
            error,
            error_type,
            cause,
            ..
        } = self.0;
        match (error, cause) {
            (Some(text), _) => Some(text),
            (None, Some(Cause::Timeout)) => Some(&"timed out"),
            (None, Some(Cause::Value)) => Some(&"the value was not acceptable"),
            (None, Some(Cause::Error) | None) => error_type.as_ref().map(|name| name as _),
        }
    }
}
