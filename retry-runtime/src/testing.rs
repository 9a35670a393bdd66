//! For tests of code that retries: virtual time, seeded jitter, a recorder of events, and switches for a whole test suite.
//!
//! A suite that only wants to be quick turns the waits off, once:
//!
//! ```
//! retry_core::testing::skip_waits();
//! ```
//!
//! A test about time uses a [`ManualClock`]: sleeping moves it, and nothing waits. Give it to a `Call`, or [install](ManualClock::install)
//! it for all calls that this thread makes, those of `#[retry]` functions too. Async code under tokio can use `tokio::time::pause` instead.
//!
//! ```
//! use retry_core::{Backoff, Policy, testing::ManualClock};
//! use std::{io, time::Duration};
//!
//! const POLICY: Policy = Policy::new().attempts(4).backoff(Backoff::fixed(Duration::from_secs(3600)));
//!
//! let clock = ManualClock::new();
//! let _installed = clock.install();
//! let result = POLICY.call("fetch").run_blocking(|| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)));
//! assert!(result.is_err());
//! assert_eq!(clock.elapsed(), Duration::from_secs(3 * 3600));
//! ```

use std::cell::RefCell;
use std::future::Future;
use std::marker::PhantomData;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::class::{Cause, ErrorClass};
use crate::event::{Event, EventKind, Observer};
use crate::outcome::StopReason;
use crate::switches;
use crate::time::{Clock, Sleep, Wait};

/// Makes every call of the process skip its sleeps between attempts. What is decided stays the same.
///
/// ```
/// use retry_core::{Policy, testing};
///
/// const POLICY: Policy = Policy::RATE_LIMITED;
///
/// testing::skip_waits();
/// let outcome = POLICY.call("fetch").execute_blocking(|| {
///     Err::<(), _>(std::io::Error::from(std::io::ErrorKind::TimedOut)) // at once
/// });
/// assert!(outcome.attempts() > 1);
/// # testing::restore();
/// ```
pub fn skip_waits() {
    switches::set(switches::SKIP_WAITS);
}

/// Makes every call of the process stop after its first attempt, as if each policy had one attempt.
///
/// ```
/// use retry_core::{Policy, testing};
///
/// const POLICY: Policy = Policy::new().attempts(5);
///
/// testing::run_once();
/// let outcome = POLICY.call("fetch").execute_blocking(|| {
///     Err::<(), _>(std::io::Error::from(std::io::ErrorKind::TimedOut))
/// });
/// assert_eq!(outcome.attempts(), 1);
/// # testing::restore();
/// ```
pub fn run_once() {
    switches::set(switches::RUN_ONCE);
}

/// Undoes [`skip_waits`] and [`run_once`].
pub fn restore() {
    switches::clear(switches::SKIP_WAITS | switches::RUN_ONCE);
}

/// Asserts that no [lint](crate::Lints) over the sites of this program says anything; one line in a test suite. Feature `inventory`.
///
/// ```standalone_crate
/// use my_service as _; // so that it is linked
/// # mod my_service {}
///
/// # /*
/// #[test]
/// # */
/// fn retries_are_as_they_should_be() {
///     retry_core::testing::assert_lints_clean();
/// }
/// # retries_are_as_they_should_be();
/// ```
///
/// # Panics
///
/// If a lint does, with all that they say.
#[cfg(feature = "inventory")]
#[track_caller]
pub fn assert_lints_clean() {
    assert_lints_clean_with(&crate::Lints::new());
}

/// As [`assert_lints_clean`], with lints of your choice. Feature `inventory`.
///
/// ```standalone_crate
/// use retry_core::{Lints, testing};
/// use std::time::Duration;
///
/// let lints = Lints::new().worst_case(Duration::from_secs(60)).ignore("some_dependency");
/// testing::assert_lints_clean_with(&lints);
/// ```
///
/// # Panics
///
/// If a lint says anything, with all that they say.
#[cfg(feature = "inventory")]
#[track_caller]
pub fn assert_lints_clean_with(lints: &crate::Lints) {
    let findings: Vec<String> = lints.check().iter().map(ToString::to_string).collect();
    let count = findings.len();
    assert!(
        findings.is_empty(),
        "{count} finding{} of the lints over the retries of this program:\n\n{}\n",
        if count == 1 { "" } else { "s" },
        findings.join("\n\n")
    );
}

/// Nobody waits longer than this: beyond it, an `Instant` cannot be relied on to be representable.
const END_OF_TIME: Duration = Duration::from_secs(500 * 365 * 24 * 60 * 60);

/// A clock that moves when somebody sleeps on it, and only then, or by [`advance`](Self::advance).
///
/// It drives both drivers: a blocking sleep moves it at once; an async sleep moves it to the earliest moment that anybody waits for, once
/// everybody has had a turn. So an attempt timeout cuts an operation that sleeps longer on the same clock, in no time. An operation that
/// waits for anything else than the clock is always cut by an attempt timeout. Clones are the same clock.
///
/// ```
/// use retry_core::{Backoff, Policy, testing::ManualClock};
/// use std::{io, time::Duration};
///
/// const POLICY: Policy = Policy::new().attempts(3).backoff(Backoff::linear(Duration::from_secs(60)).jitter(retry_core::Jitter::None).max(Duration::MAX));
///
/// let clock = ManualClock::new();
/// let call = POLICY.call("fetch").clock(&clock).sleeper(&clock);
/// let outcome = call.execute_blocking(|| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)));
/// assert_eq!(outcome.elapsed(), Duration::from_secs(60 + 120));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    origin: Instant,
    hands: Arc<Mutex<Hands>>,
}

#[derive(Debug, Default)]
struct Hands {
    elapsed: Duration,
    next_key: u64,
    /// The moments that async sleepers wait for, in order.
    alarms: Vec<(Duration, u64)>,
}

impl ManualClock {
    /// A clock that stands still.
    #[must_use]
    pub fn new() -> Self {
        Self {
            origin: Instant::now(),
            hands: Arc::default(),
        }
    }

    /// Moves the clock, at most to 500 years after its creation.
    pub fn advance(&self, duration: Duration) {
        let mut hands = self.lock();
        hands.elapsed = hands.elapsed.saturating_add(duration).min(END_OF_TIME);
    }

    /// How far it has moved.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.lock().elapsed
    }

    /// Makes every call on this thread use this clock, unless the call has a clock or a sleeper of its own, until the guard is dropped.
    ///
    /// An async call has to stay on this thread.
    #[must_use = "the clock is taken away again when the guard is dropped"]
    pub fn install(&self) -> Installed {
        let clock = Some(self.clone());
        Installed::new(|simulation| Before::Clock(mem::replace(&mut simulation.clock, clock)))
    }

    pub(crate) fn into_wait<'a>(self, duration: Duration) -> Wait<'a> {
        let until = self.elapsed().saturating_add(duration).min(END_OF_TIME);
        Box::pin(Alarm {
            clock: self,
            until,
            seen: None,
            key: None,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.origin + self.elapsed()
    }
}

impl Sleep for ManualClock {
    fn sleep(&self, duration: Duration) -> Wait<'_> {
        self.clone().into_wait(duration)
    }

    fn sleep_blocking(&self, duration: Duration) {
        self.advance(duration);
    }
}

/// An async sleep on a [`ManualClock`].
struct Alarm {
    clock: ManualClock,
    until: Duration,
    /// What the clock showed at the last poll.
    seen: Option<Duration>,
    key: Option<u64>,
}

impl Future for Alarm {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let until = self.until;
        let mut hands = self.clock.lock();
        if hands.elapsed < until && self.seen == Some(hands.elapsed) {
            // Everybody has had a turn at this moment: time passes. If it has passed since the last poll, those whose moment has come
            // need a turn first.
            let ahead = hands.alarms.iter().find(|(at, _)| *at > hands.elapsed);
            hands.elapsed = ahead.map_or(hands.elapsed, |(at, _)| *at);
        }
        if hands.elapsed >= until {
            return Poll::Ready(());
        }
        let seen = hands.elapsed;
        hands.next_key += 1;
        let key = self.key.unwrap_or(hands.next_key);
        if let Err(place) = hands.alarms.binary_search(&(until, key)) {
            hands.alarms.insert(place, (until, key));
        }
        drop(hands);
        self.seen = Some(seen);
        self.key = Some(key);
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let alarms = &mut self.clock.lock().alarms;
            if let Ok(place) = alarms.binary_search(&(self.until, key)) {
                alarms.remove(place);
            }
        }
    }
}

/// Draws the jitter of all calls on this thread from one generator with this seed, unless a call has a
/// [`seed`](crate::Call::seed) of its own, until the guard is dropped.
///
/// ```
/// use retry_core::{Policy, testing};
/// use std::io;
///
/// const POLICY: Policy = Policy::new().attempts(4);
///
/// let delays = |seed| {
///     let clock = testing::ManualClock::new();
///     let _guards = (clock.install(), testing::seed(seed));
///     let _ = POLICY.call("fetch").run_blocking(|| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)));
///     clock.elapsed()
/// };
/// assert_eq!(delays(7), delays(7));
/// assert_ne!(delays(7), delays(8));
/// ```
#[must_use = "the seed is taken away again when the guard is dropped"]
pub fn seed(seed: u64) -> Installed {
    let random = Some(fastrand::Rng::with_seed(seed));
    Installed::new(|simulation| Before::Random(mem::replace(&mut simulation.random, random)))
}

/// What a thread's calls use instead of the real thing.
#[derive(Default)]
struct Simulation {
    clock: Option<ManualClock>,
    random: Option<fastrand::Rng>,
}

thread_local! {
    static SIMULATION: RefCell<Simulation> = RefCell::default();
}

/// Puts back what was installed before, when dropped. Drop guards in the reverse order of their making.
pub struct Installed {
    before: Before,
    /// The simulation belongs to this thread, so the guard stays on it.
    _thread: PhantomData<Rc<()>>,
}

/// What a guard has replaced, and nothing else: a clock that is taken away must not rewind the generator.
enum Before {
    Clock(Option<ManualClock>),
    Random(Option<fastrand::Rng>),
}

impl Installed {
    fn new(replace: impl FnOnce(&mut Simulation) -> Before) -> Self {
        switches::set(switches::SIMULATED);
        Self {
            before: SIMULATION.with_borrow_mut(replace),
            _thread: PhantomData,
        }
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        SIMULATION.with_borrow_mut(|simulation| match &mut self.before {
            Before::Clock(clock) => simulation.clock = clock.take(),
            Before::Random(random) => simulation.random = random.take(),
        });
    }
}

pub(crate) fn simulated_clock() -> Option<ManualClock> {
    if !switches::is_set(switches::SIMULATED) {
        return None;
    }
    SIMULATION.with_borrow(|simulation| simulation.clock.clone())
}

pub(crate) fn simulated_now() -> Option<Instant> {
    simulated_clock().map(|clock| clock.now())
}

/// The next number of this thread's seeded generator, uniform in [0, 1).
pub(crate) fn seeded_random() -> Option<f64> {
    if !switches::is_set(switches::SIMULATED) {
        return None;
    }
    SIMULATION.with_borrow_mut(|simulation| Some(simulation.random.as_mut()?.f64()))
}

/// An observer that keeps every event.
///
/// ```
/// use retry_core::{Backoff, EventKind, Policy, testing::Recorder};
/// use std::io;
///
/// const POLICY: Policy = Policy::new().attempts(2).backoff(Backoff::none());
///
/// let recorder = Recorder::new();
/// let call = POLICY.call("fetch").observe(&recorder);
/// let _ = call.run_blocking(|| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)));
/// assert_eq!(recorder.count(EventKind::Retry), 1);
/// assert_eq!(recorder.kinds().last(), Some(&EventKind::MaxAttemptsExceeded));
/// ```
#[derive(Debug, Default)]
pub struct Recorder {
    events: Mutex<Vec<RecordedEvent>>,
}

/// An [`Event`] that has been kept, field for field but for the guards themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedEvent {
    /// What happened.
    pub kind: EventKind,
    /// The name of what is called.
    pub operation: &'static str,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The delay.
    pub delay: Option<Duration>,
    /// How long the attempt waited for the bulkhead.
    pub wait: Option<Duration>,
    /// The time since the call began.
    pub elapsed: Duration,
    /// How long the attempt took.
    pub duration: Option<Duration>,
    /// The failure's class.
    pub class: Option<ErrorClass>,
    /// What failed.
    pub cause: Option<Cause>,
    /// Why the call ended without success.
    pub stop_reason: Option<StopReason>,
    /// The error's text.
    pub error: Option<String>,
    /// The name of the error's type.
    pub error_type: Option<&'static str>,
    /// The name of the guard.
    pub guard: Option<String>,
    /// Which transition of its circuit it is.
    pub transition: Option<u64>,
}

impl Recorder {
    /// An empty recorder. It can be a `static`.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            events: Mutex::new(Vec::new()),
        }
    }

    /// The events, in order.
    #[must_use]
    pub fn events(&self) -> Vec<RecordedEvent> {
        self.lock().clone()
    }

    /// What happened, in order.
    #[must_use]
    pub fn kinds(&self) -> Vec<EventKind> {
        self.lock().iter().map(|event| event.kind).collect()
    }

    /// How often something happened.
    #[must_use]
    pub fn count(&self, kind: EventKind) -> usize {
        self.lock()
            .iter()
            .filter(|event| event.kind == kind)
            .count()
    }

    /// The delays of the retries, in order.
    #[must_use]
    pub fn delays(&self) -> Vec<Duration> {
        let events = self.lock();
        events
            .iter()
            .filter(|event| event.kind == EventKind::Retry)
            .filter_map(|event| event.delay)
            .collect()
    }

    /// Forgets what was recorded.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RecordedEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Recorder {
    fn on_event(&self, event: &Event<'_>) {
        let recorded = RecordedEvent {
            kind: event.kind,
            operation: event.operation,
            attempt: event.attempt,
            delay: event.delay,
            wait: event.wait,
            elapsed: event.elapsed,
            duration: event.duration,
            class: event.class,
            cause: event.cause,
            stop_reason: event.stop_reason,
            // Before the lock: the text is the user's code.
            error: event.error.map(ToString::to_string),
            error_type: event.error_type,
            guard: event.guard.map(ToOwned::to_owned),
            transition: event.transition,
        };
        self.lock().push(recorded);
    }
}
