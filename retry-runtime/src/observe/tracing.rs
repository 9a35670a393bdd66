//! Spans and events for the `tracing` facade: [`TracingObserver`].

mod call_span;
mod tell;

use self::call_span::CallSpan;
use self::tell::tell;
use crate::event::{Event, EventKind, Observer};

/// The target of every span and event: what filters name, as in `retry_core=debug`.
const TARGET: &str = "retry_core";

/// An observer that writes spans and events through the [`tracing`](https://docs.rs/tracing) crate. It can be a `static`.
///
/// Install it once for the whole process, or attach it to some calls with the key `observe = TRACING` or [`Call::observe`](crate::Call::observe):
///
/// ```
/// use retry_core::observe::TracingObserver;
/// use retry_core::{retry, set_global_observer};
/// use std::io;
///
/// static TRACING: TracingObserver = TracingObserver::new();
///
/// #[retry(attempts = 2, backoff = fixed("250ms"))]
/// fn fetch_user() -> io::Result<String> {
///     Err(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer"))
/// }
///
/// tracing_subscriber::fmt().without_time().init();
/// set_global_observer(&TRACING)?;
/// # let _installed = retry_core::testing::ManualClock::new().install();
/// let _ = fetch_user();
/// # Ok::<(), retry_core::GlobalObserverAlreadySet>(())
/// ```
///
/// A terminal then shows:
///
/// ```text
#[doc = include_str!("tracing/terminal.txt")]
/// ```
///
/// # What is told
///
/// Nothing about a call that succeeds at its first attempt; see [`every_call`](Self::every_call).
///
/// | event | level |
/// |---|---|
/// | `retry` | warn |
/// | `success`, after retries | info |
/// | any other terminal event, `aborted` and `scheduled` too | error |
/// | `attempt_started`, `attempt_ended`, from the end of the first attempt that fails on | debug |
/// | `circuit_opened`, `contention_detected` | warn |
/// | `circuit_half_open`, `circuit_closed` | info |
///
/// All have the target `retry_core`. The message is a sentence for people; programs read the fields, whose names never change:
///
/// | field | type | |
/// |---|---|---|
/// | `kind` | text | [`EventKind::as_str`]; it is the name in the event's metadata, too |
/// | `operation` | text | |
/// | `attempt`, `transition` | integer | |
/// | `delay`, `wait`, `elapsed`, `duration` | floating-point number | in seconds, so that log pipelines can compare and add them |
/// | `class`, `cause`, `stop_reason` | text | their stable names |
/// | `error`, `error_type`, `guard` | text | |
///
/// They mean what they mean in an [`Event`]. A field that does not apply is absent.
///
/// # The span of a call
///
/// A call in which something fails has a span `retry`, of level warn, from its first failure to its end. Its parent is the span that is
/// current at that moment: the caller's. The events from there on are in it. Its fields are `operation` and, once the call has ended,
/// `attempts`, `outcome`, `stop_reason`, `class` and `elapsed` (in seconds). `outcome` is `success`, `failure`, or `dropped`, if the future was
/// dropped or the operation panicked. Calls never share a span, however they are nested and whatever runs at the same time.
///
/// The operation does not run in that span, which may not exist yet: what it tells, and the calls that it makes, are in the caller's span. Put
/// `#[instrument]` on the function for a span around the whole call, or on what it calls for one around each attempt.
///
/// What a circuit tells of its transitions by itself, without a call whose span is known, is in the span that is current on the thread that
/// tells.
///
/// # What it costs
///
/// A call that succeeds at its first attempt costs the reading of the clock that any observer costs, and allocates nothing. An event that no
/// subscriber is interested in is not formatted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TracingObserver {
    every_call: bool,
}

impl TracingObserver {
    /// Tells only the calls in which something fails.
    #[must_use]
    pub const fn new() -> Self {
        Self { every_call: false }
    }

    /// Tells every call, from its beginning.
    ///
    /// Each has a span, of level info, and what happens before the first failure is told too: its attempts, and its `success` if that is the first
    /// attempt's (both debug). For traces, which show how long everything takes: logs of level info get no line more.
    ///
    /// ```
    /// use retry_core::observe::TracingObserver;
    ///
    /// static TRACING: TracingObserver = TracingObserver::new().every_call();
    /// ```
    #[must_use]
    pub const fn every_call(self) -> Self {
        Self { every_call: true }
    }

    fn tells(self, event: &Event<'_>) -> bool {
        self.every_call
            || something_failed(event)
            || is_transition(event.kind)
            || event.kind == EventKind::ContentionDetected
    }

    /// The span of a call that has none yet, if it is time for one and anybody is interested.
    fn open_span(self, event: &Event<'_>) -> Option<CallSpan> {
        // A circuit may tell it by itself, and nobody may tell how that call ends.
        if is_transition(event.kind) {
            None
        } else if something_failed(event) {
            CallSpan::of_failing_call(event)
        } else if self.every_call {
            CallSpan::of_any_call(event)
        } else {
            None
        }
    }
}

impl Observer for TracingObserver {
    fn on_event(&self, event: &Event<'_>) {
        if !self.tells(event) {
            return;
        }
        event.with_state(self, |span: &mut Option<CallSpan>| {
            if span.is_none() {
                *span = self.open_span(event);
            }
            match span {
                Some(span) => span.tell(event),
                None => tell(event),
            }
            if event.kind.is_terminal() {
                *span = None;
            }
        });
    }
}

/// Whether an attempt of the call has failed by now, or the call has been stopped.
const fn something_failed(event: &Event<'_>) -> bool {
    event.attempt > 1 || event.class.is_some() || event.stop_reason.is_some()
}

const fn is_transition(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::CircuitOpened | EventKind::CircuitHalfOpen | EventKind::CircuitClosed
    )
}
