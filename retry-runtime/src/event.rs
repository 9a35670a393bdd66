//! What a call tells while it runs: [`Event`], [`EventKind`] and the [`Observer`] that receives them.

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use crate::breaker::CircuitBreaker;
use crate::budget::Budget;
use crate::bulkhead::Bulkhead;
use crate::call_state::CallStates;
use crate::class::{Cause, ErrorClass};
use crate::observe::Message;
use crate::outcome::StopReason;
use crate::switches;
use crate::time::TimeSource;

/// What happened. The names never change.
///
/// In a call, the order is: `attempt_started`, `attempt_ended`, circuit transitions, then `retry` or one terminal event.
///
/// ```
/// use retry_core::EventKind;
///
/// assert_eq!(EventKind::MaxAttemptsExceeded.as_str(), "max_attempts_exceeded");
/// assert!(EventKind::Success.is_terminal());
/// assert!(!EventKind::Retry.is_terminal());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum EventKind {
    /// An attempt begins.
    AttemptStarted,
    /// An attempt has ended, well or badly; `class` and `cause` tell which.
    AttemptEnded,
    /// The call succeeded. Terminal.
    Success,
    /// Attempt `attempt` has failed, and another follows after `delay`.
    Retry,
    /// The failure is of a class that is never retried. Terminal.
    PermanentFail,
    /// The deadline has passed, or the next delay would reach it. Terminal.
    DeadlineExceeded,
    /// The last attempt has failed, of all or of those that its class may have. Terminal.
    MaxAttemptsExceeded,
    /// The last attempt that an unknown failure may have has failed. Terminal.
    MaxUnknownAttemptsExceeded,
    /// No backoff and no hint says how long to wait. Terminal.
    NoStrategyConfigured,
    /// The budget refused the retry. Terminal.
    BudgetExhausted,
    /// The retry was left to somebody else, who knows the delay. Terminal.
    Scheduled,
    /// The call was asked to stop. Terminal.
    Aborted,
    /// A circuit has opened.
    CircuitOpened,
    /// A circuit lets probes through.
    CircuitHalfOpen,
    /// A circuit has closed.
    CircuitClosed,
    /// The circuit is open. Terminal.
    CircuitRejected,
    /// The bulkhead is full. Terminal.
    BulkheadRejected,
    /// A call waited long for the bulkhead.
    ContentionDetected,
}

impl EventKind {
    /// The stable name, in snake case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AttemptStarted => "attempt_started",
            Self::AttemptEnded => "attempt_ended",
            Self::Success => "success",
            Self::Retry => "retry",
            Self::PermanentFail => "permanent_fail",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::MaxAttemptsExceeded => "max_attempts_exceeded",
            Self::MaxUnknownAttemptsExceeded => "max_unknown_attempts_exceeded",
            Self::NoStrategyConfigured => "no_strategy_configured",
            Self::BudgetExhausted => "budget_exhausted",
            Self::Scheduled => "scheduled",
            Self::Aborted => "aborted",
            Self::CircuitOpened => "circuit_opened",
            Self::CircuitHalfOpen => "circuit_half_open",
            Self::CircuitClosed => "circuit_closed",
            Self::CircuitRejected => "circuit_rejected",
            Self::BulkheadRejected => "bulkhead_rejected",
            Self::ContentionDetected => "contention_detected",
        }
    }

    /// Whether this is the last event of its call. Every call that ends has exactly one; a call whose future is dropped has none.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(
            self,
            Self::AttemptStarted
                | Self::AttemptEnded
                | Self::Retry
                | Self::CircuitOpened
                | Self::CircuitHalfOpen
                | Self::CircuitClosed
                | Self::ContentionDetected
        )
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// One thing that happened in a call, with what is known about it.
///
/// A field is `None` where it does not apply. `Display` gives a line for people.
///
/// ```
/// use retry_core::{Backoff, Event, Policy};
/// use std::{io, sync::Mutex};
///
/// const POLICY: Policy = Policy::new().attempts(2).backoff(Backoff::none());
///
/// let lines = Mutex::new(Vec::new());
/// let log = |event: &Event<'_>| lines.lock().unwrap().push(event.kind.as_str());
/// let call = POLICY.call("fetch_user").observe(&log);
/// call.execute_blocking(|| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)));
/// assert_eq!(
///     *lines.lock().unwrap(),
///     ["attempt_started", "attempt_ended", "retry", "attempt_started", "attempt_ended", "max_attempts_exceeded"],
/// );
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Event<'a> {
    /// What happened.
    pub kind: EventKind,
    /// The name of what is called.
    pub operation: &'static str,
    /// The attempt, from 1. In `retry` it is the one that failed; in a terminal event it is how many were started, 0 if none.
    pub attempt: u32,
    /// How long the call sleeps before the next attempt, in `retry`; how long the next attempt should wait, in `scheduled`, and in
    /// `circuit_rejected` if that is known; how long the call has waited for the bulkhead, in `contention_detected`.
    pub delay: Option<Duration>,
    /// How long the attempt waited for a place in the bulkhead, in `attempt_started` of a call that has one, and in the terminal event of a call
    /// that asked for a place and did not come to its attempt: zero if it did not queue.
    pub wait: Option<Duration>,
    /// The time since the call began.
    pub elapsed: Duration,
    /// How long the attempt took, in `attempt_ended`.
    pub duration: Option<Duration>,
    /// The class of the attempt's failure; in a terminal event other than `success`, of the last failure.
    pub class: Option<ErrorClass>,
    /// What failed; in a terminal event other than `success`, what failed last.
    pub cause: Option<Cause>,
    /// Why the call ended without success, in a terminal event.
    pub stop_reason: Option<StopReason>,
    /// The error's text, where the attempt's failure, or in a terminal event the last one, was an error and its text is known.
    pub error: Option<&'a dyn fmt::Display>,
    /// The name of the error's type, where the last failure was an error.
    pub error_type: Option<&'static str>,
    /// The name of the breaker, budget or bulkhead that this is about.
    pub guard: Option<&'a str>,
    /// Which transition of its circuit this is, from 1, in `circuit_opened`, `circuit_half_open` and `circuit_closed`. Calls on several threads
    /// may tell an observer that they share out of order; the highest number is the latest.
    pub transition: Option<u64>,
    /// The call's circuit breaker; in a circuit's transition, the circuit.
    pub breaker: Option<&'a CircuitBreaker>,
    /// The call's budget.
    pub budget: Option<&'a Budget>,
    /// The call's bulkhead.
    pub bulkhead: Option<&'a Bulkhead>,
    /// What observers keep for the call; none for what happens outside of one.
    pub(crate) states: Option<&'a CallStates>,
    /// How a call tells it; none for a circuit's transition.
    #[cfg_attr(
        not(feature = "metrics"),
        expect(dead_code, reason = "only metrics ask")
    )]
    pub(crate) telling: Option<&'a Telling<'a>>,
    /// Which transition it is of all circuits'.
    #[cfg_attr(
        not(feature = "metrics"),
        expect(dead_code, reason = "only metrics ask")
    )]
    pub(crate) serial: Option<u64>,
}

/// How a call tells its observers something.
#[cfg_attr(
    not(feature = "metrics"),
    expect(dead_code, reason = "only metrics ask")
)]
pub(crate) struct Telling<'a> {
    /// The clock of the call, for whoever looks at its guards.
    pub(crate) time: TimeSource<'a>,
    /// Who has taken notice, one bit each: an observer may be the call's and the global one.
    pub(crate) noticed: Cell<u64>,
}

impl<'a> Telling<'a> {
    pub(crate) const fn new(time: TimeSource<'a>) -> Self {
        Self {
            time,
            noticed: Cell::new(0),
        }
    }
}

impl<'a> Event<'a> {
    pub(crate) const fn new(
        kind: EventKind,
        operation: &'static str,
        attempt: u32,
        elapsed: Duration,
    ) -> Event<'a> {
        Event {
            kind,
            operation,
            attempt,
            delay: None,
            wait: None,
            elapsed,
            duration: None,
            class: None,
            cause: None,
            stop_reason: None,
            error: None,
            error_type: None,
            guard: None,
            transition: None,
            breaker: None,
            budget: None,
            bulkhead: None,
            states: None,
            telling: None,
            serial: None,
        }
    }

    /// Lets `observer` keep something from one event of a call to the next, such as a span that is open.
    ///
    /// `use_state` gets what it left there at the call's last event: at first `None`. Each call has a state of its own for each observer, which
    /// is known by its address and type, and each type `S`. It is dropped with the call, after the terminal event or when the future is dropped;
    /// set it to `None` to drop it before. What happens outside of a call, such as the transition of a circuit that nobody's call has caused,
    /// finds `None` and keeps nothing. So may what a circuit tells its own observer or the global one: it tells its transitions in their order,
    /// some on behalf of a call on another thread.
    ///
    /// ```
    /// use retry_core::{Backoff, Event, EventKind, Observer, Policy};
    /// use std::{io, time::Duration};
    ///
    /// /// Tells how long a call slept in all.
    /// struct Sleeps;
    ///
    /// impl Observer for Sleeps {
    ///     fn on_event(&self, event: &Event<'_>) {
    ///         event.with_state(self, |slept: &mut Option<Duration>| {
    ///             if event.kind == EventKind::Retry {
    ///                 *slept.get_or_insert_default() += event.delay.unwrap_or_default();
    ///             }
    ///             if event.kind.is_terminal() {
    ///                 println!("{} slept {:?}", event.operation, slept.unwrap_or_default());
    /// #               assert_eq!(*slept, Some(Duration::from_millis(2)));
    ///             }
    ///         });
    ///     }
    /// }
    ///
    /// const POLICY: Policy = Policy::new().attempts(3).backoff(Backoff::fixed(Duration::from_millis(1)));
    ///
    /// let call = POLICY.call("fetch_user").observe(&Sleeps);
    /// let _ = call.run_blocking(|| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)));
    /// ```
    pub fn with_state<O: ?Sized, S: Send + 'static, R>(
        &self,
        observer: &O,
        use_state: impl FnOnce(&mut Option<S>) -> R,
    ) -> R {
        match self.states {
            Some(states) => states.with(observer, use_state),
            None => use_state(&mut None),
        }
    }

    /// Whether no observer keeps anything for the call by now, so that there is no state to look for.
    #[cfg(feature = "opentelemetry")]
    pub(crate) fn has_no_state(&self) -> bool {
        self.states.is_none_or(CallStates::is_empty)
    }

    /// What happened in a sentence for people, as the observers that write logs say it; the wording may change.
    ///
    /// ```
    /// use retry_core::{Backoff, Event, Policy};
    /// use std::{io, sync::Mutex, time::Duration};
    ///
    /// const POLICY: Policy = Policy::new().attempts(2).backoff(Backoff::fixed(Duration::from_millis(100)));
    ///
    /// let clock = retry_core::testing::ManualClock::new();
    /// let lines = Mutex::new(Vec::new());
    /// let log = |event: &Event<'_>| lines.lock().unwrap().push(event.message().to_string());
    /// let call = POLICY
    ///     .call("fetch_user")
    ///     .clock(&clock)
    ///     .sleeper(&clock)
    ///     .describe(|error, formatter| write!(formatter, "{error}"))
    ///     .observe(&log);
    /// call.execute_blocking(|| Err::<(), _>(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset")));
    /// let lines = lines.into_inner().unwrap();
    /// assert_eq!(lines[2], "fetch_user: attempt 1 failed (transient: connection reset); attempt 2 in 100ms");
    /// assert_eq!(lines[5], "fetch_user: gave up after 2 attempts in 100ms (max_attempts_global): connection reset");
    /// ```
    #[must_use]
    pub fn message(&self) -> impl fmt::Display {
        Message(self)
    }
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Event")
            .field("kind", &self.kind)
            .field("operation", &self.operation)
            .field("attempt", &self.attempt)
            .field("delay", &self.delay)
            .field("wait", &self.wait)
            .field("elapsed", &self.elapsed)
            .field("duration", &self.duration)
            .field("class", &self.class)
            .field("cause", &self.cause)
            .field("stop_reason", &self.stop_reason)
            .field("error", &self.error.map(ToString::to_string))
            .field("error_type", &self.error_type)
            .field("guard", &self.guard)
            .field("transition", &self.transition)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {} attempt={}",
            self.operation, self.kind, self.attempt
        )?;
        if let Some(guard) = self.guard {
            write!(formatter, " guard={guard}")?;
        }
        if let Some(class) = self.class {
            write!(formatter, " class={class}")?;
        }
        if let Some(cause) = self.cause {
            write!(formatter, " cause={cause}")?;
        }
        if let Some(reason) = self.stop_reason {
            write!(formatter, " stop_reason={reason}")?;
        }
        if let Some(delay) = self.delay {
            write!(formatter, " delay={delay:?}")?;
        }
        if let Some(error) = self.error {
            write!(formatter, " error=\"{error}\"")?;
        }
        Ok(())
    }
}

/// Receives the events of calls.
///
/// It is called on the thread that makes the call, between attempts: what it does, the call waits for. A panic in it is caught and
/// changes nothing for the call. Any `Fn(&Event<'_>)` is an observer, and so is a pair of observers.
///
/// ```
/// use retry_core::{Event, Observer};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// #[derive(Default)]
/// struct Retries(AtomicU64);
///
/// impl Observer for Retries {
///     fn on_event(&self, event: &Event<'_>) {
///         if event.kind == retry_core::EventKind::Retry {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// # let _ = Retries::default();
/// ```
pub trait Observer: Send + Sync {
    /// Takes notice of one event.
    fn on_event(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync> Observer for F {
    fn on_event(&self, event: &Event<'_>) {
        self(event);
    }
}

impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn on_event(&self, event: &Event<'_>) {
        (**self).on_event(event);
    }
}

/// So that a `static RECORDER: LazyLock<…>` can be named as it is.
impl<T, F> Observer for LazyLock<T, F>
where
    T: Observer,
    F: FnOnce() -> T + Send,
{
    fn on_event(&self, event: &Event<'_>) {
        (**self).on_event(event);
    }
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    fn on_event(&self, event: &Event<'_>) {
        notify(&self.0, event);
        notify(&self.1, event);
    }
}

/// Lets `observer` see `event`, and survives it.
pub(crate) fn notify(observer: &dyn Observer, event: &Event<'_>) {
    survive(|| observer.on_event(event));
}

/// Runs what somebody else has written, whose panic is nothing to the call.
pub(crate) fn survive(tell: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(tell)) {
        // The payload is theirs too: its `drop` could panic in turn.
        std::mem::forget(payload);
    }
}

/// What an error says of itself, unless it fails to.
pub(crate) fn text_of(error: &dyn fmt::Display) -> Option<String> {
    let mut text = String::new();
    let mut is_whole = false;
    survive(|| is_whole = write!(text, "{error}").is_ok());
    is_whole.then_some(text)
}

static GLOBAL: OnceLock<&'static dyn Observer> = OnceLock::new();

/// Installs an observer that sees every call of the process, next to those that a call has of its own.
///
/// # Errors
///
/// There can be one, and it stays: a second one is refused. Combine two observers as a pair.
///
/// ```
/// use retry_core::{Event, set_global_observer};
///
/// static LOG: fn(&Event<'_>) = |event| eprintln!("{event}");
///
/// set_global_observer(&LOG)?;
/// assert!(set_global_observer(&LOG).is_err());
/// # Ok::<(), retry_core::GlobalObserverAlreadySet>(())
/// ```
pub fn set_global_observer(
    observer: &'static dyn Observer,
) -> Result<(), GlobalObserverAlreadySet> {
    GLOBAL
        .set(observer)
        .map_err(|_| GlobalObserverAlreadySet(()))?;
    switches::set(switches::GLOBAL_OBSERVER);
    Ok(())
}

/// Installs an observer that nobody else has, for ever. If there is one already, it is dropped.
#[cfg(feature = "metrics")]
pub(crate) fn install_global<O: Observer + 'static>(
    observer: O,
) -> Result<&'static O, GlobalObserverAlreadySet> {
    let mut installed = None;
    GLOBAL.get_or_init(|| {
        let observer: &'static O = Box::leak(Box::new(observer));
        *installed.insert(observer)
    });
    let installed = installed.ok_or(GlobalObserverAlreadySet(()))?;
    switches::set(switches::GLOBAL_OBSERVER);
    Ok(installed)
}

/// The global observer, once [`set_global_observer`] has returned.
pub(crate) fn global() -> Option<&'static dyn Observer> {
    if switches::is_set(switches::GLOBAL_OBSERVER) {
        GLOBAL.get().copied()
    } else {
        None
    }
}

/// The process has a global observer already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalObserverAlreadySet(());

impl fmt::Display for GlobalObserverAlreadySet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "a global observer is already set and cannot be replaced; set one observer, or a pair of them, once at start-up",
        )
    }
}

impl std::error::Error for GlobalObserverAlreadySet {}
