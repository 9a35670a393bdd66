//! The span of one call.

use std::mem;
use std::time::Duration;

use tracing::Span;
use tracing::field::Empty;

use super::{TARGET, tell};
use crate::class::ErrorClass;
use crate::event::{Event, survive};
use crate::outcome::StopReason;

/// The span of a call that has not ended yet. Dropped, it closes; what is known about the call by then is recorded.
pub(super) struct CallSpan {
    span: Span,
    /// How many were started.
    attempts: u32,
    end: Option<End>,
}

struct End {
    stop_reason: Option<StopReason>,
    class: Option<ErrorClass>,
    elapsed: Duration,
}

/// The place where a span comes from has one level.
macro_rules! open {
    ($level:ident, $event:expr) => {
        tracing::span!(
            target: TARGET,
            tracing::Level::$level,
            "retry",
            operation = $event.operation,
            attempts = Empty,
            outcome = Empty,
            stop_reason = Empty,
            class = Empty,
            elapsed = Empty,
        )
    };
}

impl CallSpan {
    /// `None` if nobody is interested.
    pub(super) fn of_failing_call(event: &Event<'_>) -> Option<Self> {
        Self::new(open!(WARN, event))
    }

    /// `None` if nobody is interested.
    pub(super) fn of_any_call(event: &Event<'_>) -> Option<Self> {
        Self::new(open!(INFO, event))
    }

    fn new(span: Span) -> Option<Self> {
        if span.is_disabled() {
            return None;
        }
        Some(Self {
            span,
            attempts: 0,
            end: None,
        })
    }

    /// Tells `event` in the span.
    ///
    /// The span is entered instead of named as the event's parent: a layer whose filter hides the span then still finds the caller's.
    pub(super) fn tell(&mut self, event: &Event<'_>) {
        self.attempts = event.attempt;
        if event.kind.is_terminal() {
            self.end = Some(End {
                stop_reason: event.stop_reason,
                class: event.class,
                elapsed: event.elapsed,
            });
        }
        // Leaving the span is the subscriber's code too, and must not panic while another panic unwinds.
        self.span.in_scope(|| survive(|| tell(event)));
    }

    fn record_end(&self) {
        let span = &self.span;
        span.record("attempts", self.attempts);
        let Some(end) = &self.end else {
            span.record("outcome", "dropped");
            return;
        };
        match end.stop_reason {
            Some(reason) => {
                span.record("outcome", "failure");
                span.record("stop_reason", reason.as_str());
            }
            None => {
                span.record("outcome", "success");
            }
        }
        if let Some(class) = end.class {
            span.record("class", class.as_str());
        }
        span.record("elapsed", end.elapsed.as_secs_f64());
    }
}

impl Drop for CallSpan {
    /// A subscriber that panics must not take the call with it, whose future may be dropped while the operation's panic unwinds.
    fn drop(&mut self) {
        survive(|| self.record_end());
        let span = mem::replace(&mut self.span, Span::none());
        survive(|| drop(span));
    }
}
