//! What happened in one call, recorded: [`Timeline`].

mod chart;
mod line;
mod records;

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use self::chart::Chart;
pub use self::records::{AttemptRecord, GuardRecord, TimelineEnd};

/// What happened in one call: its attempts, what its guards did, and how it ended.
///
/// It is part of the [`Outcome`](crate::Outcome) if it was asked for, with [`Call::timeline`](crate::Call::timeline) or the key `timeline`; else it
/// is empty. That also gives the limit: of the attempts, and apart from them of the guards' records, the latest so many are kept, and those before
/// are counted. With the feature `serde` it can be written as data.
///
/// # As a chart
///
/// `Display` draws a chart for a terminal: a row for each record, with bars that show when it was. A row of an attempt says how long that took; the
/// row of something else says when it was, behind an `@`. If there are earlier attempts that were not kept, the chart begins with the first one that
/// was. No line is wider than 100 columns: an error's text is cut, and what would break the line or move the cursor is escaped. `{:#}` draws it in
/// ASCII.
///
/// ```
/// use retry_core::testing::ManualClock;
/// use retry_core::{Backoff, CircuitBreaker, Policy};
/// use std::{fmt::Display, io, time::Duration};
///
/// const POLICY: Policy = Policy::new().backoff(Backoff::fixed(Duration::from_millis(500)));
///
/// let clock = ManualClock::new();
/// let circuit = CircuitBreaker::new("users").consecutive(3);
/// let call = POLICY.call("fetch_user").breaker(&circuit).clock(&clock).sleeper(&clock);
/// let call = call.describe(<io::Error as Display>::fmt).timeline(16);
/// let outcome = call.execute_blocking(|| {
///     clock.advance(Duration::from_millis(200));
///     Err::<(), _>(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer"))
/// });
/// assert_eq!(
///     outcome.timeline().to_string(),
///     "\
/// fetch_user stopped after 3 attempts in 1.6s: max_attempts_global
///  1  █████░░░░░░░░░░░░                         200ms  transient: connection reset by peer
///  2                   █████░░░░░░░░░░░░░       200ms  transient: connection reset by peer
///  3                                     █████  200ms  transient: connection reset by peer
///                                            ◆  @1.6s  circuit_opened: users
///     0s                                  1.6s  █ attempt  ░ sleep  ◆ event
/// "
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct Timeline {
    /// One pointer, so that it costs nothing to carry where nothing is recorded.
    recording: Option<Box<Recording>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
struct Recording {
    operation: &'static str,
    attempts: VecDeque<AttemptRecord>,
    omitted: u64,
    events: VecDeque<GuardRecord>,
    omitted_events: u64,
    end: TimelineEnd,
}

static NOTHING: Recording = Recording::new();

impl Recording {
    const fn new() -> Self {
        Self {
            operation: "",
            attempts: VecDeque::new(),
            omitted: 0,
            events: VecDeque::new(),
            omitted_events: 0,
            end: TimelineEnd::new(None, Duration::ZERO),
        }
    }

    fn attempts_ended(&self) -> u64 {
        self.omitted + self.attempts.len() as u64
    }
}

/// Recording.
impl Timeline {
    pub(crate) const fn is_begun(&self) -> bool {
        self.recording.is_some()
    }

    /// An attempt has ended; until [`record_sleep`](Self::record_sleep) says otherwise, no attempt follows.
    pub(crate) fn record_attempt(&mut self, attempt: AttemptRecord, limit: usize) {
        let recording = self.begin();
        keep_latest(
            &mut recording.attempts,
            attempt,
            limit,
            &mut recording.omitted,
        );
    }

    /// The call sleeps, to make another attempt.
    pub(crate) fn record_sleep(&mut self, delay: Duration) {
        if let Some(last) = self.begin().attempts.back_mut() {
            last.delay = Some(delay);
        }
    }

    /// A guard has done something.
    pub(crate) fn record_event(&mut self, event: GuardRecord, limit: usize) {
        let recording = self.begin();
        keep_latest(
            &mut recording.events,
            event,
            limit,
            &mut recording.omitted_events,
        );
    }

    /// How many attempts have been recorded, those that are omitted by now among them.
    pub(crate) fn attempts_ended(&self) -> u32 {
        let attempts = self.recording().attempts_ended();
        attempts.try_into().unwrap_or(u32::MAX)
    }

    /// The call has ended: no attempt followed on the last one, even if a sleep had begun.
    pub(crate) fn finish(&mut self, operation: &'static str, end: TimelineEnd) {
        let recording = self.begin();
        recording.operation = operation;
        recording.end = end;
        if let Some(last) = recording.attempts.back_mut() {
            last.delay = None;
        }
    }

    fn begin(&mut self) -> &mut Recording {
        self.recording
            .get_or_insert_with(|| Box::new(Recording::new()))
    }
}

fn keep_latest<T>(kept: &mut VecDeque<T>, record: T, limit: usize, omitted: &mut u64) {
    kept.push_back(record);
    if kept.len() > limit {
        kept.pop_front();
        *omitted += 1;
    }
}

impl Timeline {
    /// The name of what was called; empty if nothing was recorded.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.recording().operation
    }

    /// The recorded attempts, oldest first.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &AttemptRecord> + DoubleEndedIterator {
        self.recording().attempts.iter()
    }

    /// How many attempts are recorded.
    #[must_use]
    pub fn len(&self) -> usize {
        self.recording().attempts.len()
    }

    /// Whether no attempt is recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.recording().attempts.is_empty()
    }

    /// How many earlier attempts did not fit.
    ///
    /// ```
    /// use retry_core::{Backoff, Policy};
    /// use std::io;
    ///
    /// const POLICY: Policy = Policy::new().attempts(3).backoff(Backoff::none());
    /// let call = POLICY.call("fetch_user").timeline(2);
    /// let outcome = call.execute_blocking(|| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)));
    ///
    /// let numbers: Vec<u32> = outcome.timeline().iter().map(|attempt| attempt.number).collect();
    /// assert_eq!(numbers, [2, 3]);
    /// assert_eq!(outcome.timeline().omitted(), 1);
    /// ```
    #[must_use]
    pub fn omitted(&self) -> u64 {
        self.recording().omitted
    }

    /// What the call's guards did to it and it to them, oldest first: the transitions of the circuit that it caused, the refusal of a circuit,
    /// a bulkhead or a budget, and long waits for a bulkhead.
    ///
    /// ```
    /// use retry_core::{CircuitBreaker, EventKind, Policy};
    /// use std::io;
    ///
    /// const POLICY: Policy = Policy::new();
    /// let circuit = CircuitBreaker::new("users").consecutive(1);
    /// let call = POLICY.call("fetch_user").breaker(&circuit).timeline(16);
    /// let outcome = call.execute_blocking(|| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)));
    ///
    /// let kinds: Vec<EventKind> = outcome.timeline().events().map(|event| event.kind).collect();
    /// assert_eq!(kinds, [EventKind::CircuitOpened, EventKind::CircuitRejected]);
    /// ```
    #[must_use]
    pub fn events(&self) -> impl ExactSizeIterator<Item = &GuardRecord> + DoubleEndedIterator {
        self.recording().events.iter()
    }

    /// How many earlier records of guards did not fit.
    #[must_use]
    pub fn omitted_events(&self) -> u64 {
        self.recording().omitted_events
    }

    /// How the call ended; `None` if nothing was recorded.
    ///
    /// ```
    /// # const POLICY: retry_core::Policy = retry_core::Policy::new();
    /// let outcome = POLICY.call("read").timeline(16).execute_blocking(|| std::fs::read_to_string("Cargo.toml"));
    /// let end = outcome.timeline().end().expect("the timeline was asked for");
    /// assert_eq!(end.stop_reason, None);
    /// ```
    #[must_use]
    pub fn end(&self) -> Option<&TimelineEnd> {
        self.recording.as_deref().map(|recording| &recording.end)
    }

    fn recording(&self) -> &Recording {
        self.recording.as_deref().unwrap_or(&NOTHING)
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.recording {
            Some(recording) => Chart::of(recording).fmt(formatter),
            None => writeln!(formatter, "no timeline was recorded"),
        }
    }
}
