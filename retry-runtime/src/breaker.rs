//! A circuit breaker, which stops calling what does not answer.
//!
//! A service that is down is not helped by being asked again, and its callers are not helped by waiting for it. A [`CircuitBreaker`] counts how
//! attempts end. Once too many have failed the circuit opens: calls end at once, as [`StopReason::CircuitOpen`](crate::StopReason::CircuitOpen).
//! After a while it lets a probe through, is half-open, and closes when the probe succeeds.

mod announce;
mod machine;
#[cfg(all(test, retry_loom))]
mod model;
mod open;
mod permit;
mod settings;
mod snapshot;
mod word;

use std::borrow::Cow;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use self::announce::Outbox;
use self::machine::{Ballot, Entrance, Era, Machine, Phase, Vote};
pub use self::open::CircuitOpen;
pub use self::permit::CircuitPermit;
pub(crate) use self::permit::Parts;
pub use self::settings::{
    CircuitSettings, ClassLimits, ClassSet, FailureLimit, RateLimit, SlowLimit,
};
pub use self::snapshot::{CircuitSnapshot, CircuitState};
use self::word::{Pass, Streak, Undated};
pub(crate) use self::{announce::Asker, machine::Transition};
use crate::class::ErrorClass;
use crate::event::Observer;
use crate::guard::{GuardError, Identity};
use crate::policy::RetryAfter;
use crate::sync::{AtomicU64, Mutex, MutexGuard};
use crate::time::{Stamp, TimeSource};

/// Stops calls to something that keeps failing, and finds out when it works again.
///
/// It is shared: make it a `static`, or put it in an [`Arc`](std::sync::Arc), and attach it to every call of the same thing with
/// [`Call::breaker`](crate::Call::breaker) or `breaker = PAYMENTS` in the attribute. It can also be used on its own, see
/// [`try_acquire`](Self::try_acquire).
///
/// # When it opens
///
/// Each way to trip that is set can open the circuit. If none is, five failures in a row do.
///
/// | method | opens after |
/// |---|---|
/// | [`failures`](Self::failures) | so many failures within a rolling window |
/// | [`consecutive`](Self::consecutive) | so many failures in a row |
/// | [`failure_rate`](Self::failure_rate) | a share of failures among the calls within a window |
/// | [`slow_rate`](Self::slow_rate) | a share of slow calls |
/// | [`class_failures`](Self::class_failures) | so many failures of one class, which then are counted apart |
///
/// A failure is an error, an unacceptable value or a timeout of a class in [`trip_on`](Self::trip_on), by default `Transient` and
/// `ServerError`. Any other failure says nothing about the service and counts as nothing, just as an attempt that was dropped or panicked.
///
/// # When it closes
///
/// The circuit is open for [`open_for`](Self::open_for), by default 30 seconds, longer if the failure that opened it came with a server's
/// `Retry-After`. The next to ask after that makes it half-open: up to [`probes`](Self::probes) attempts may pass at a time, by default one.
/// [`successes`](Self::successes) of them, by default one, close it. One failure opens it again.
///
/// # What it costs
///
/// While it is closed, asking and a success take no lock and read no clock, but for shares: where slow calls are counted each does, and where
/// failures are counted one success of many, see [`failure_rate`](Self::failure_rate).
///
/// ```
/// use retry_core::{Backoff, CircuitBreaker, CircuitState, Policy, StopReason};
/// use std::{io, time::Duration};
///
/// static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments")
///     .failures(5, Duration::from_secs(60))
///     .open_for(Duration::from_secs(10));
/// const POLICY: Policy = Policy::new().attempts(3).backoff(Backoff::none());
///
/// let pay = POLICY.call("pay").breaker(&PAYMENTS);
/// let down = || Err::<(), _>(io::Error::from(io::ErrorKind::ConnectionRefused));
/// assert_eq!(pay.execute_blocking(down).stop_reason(), Some(StopReason::MaxAttemptsGlobal)); // three failures
/// assert_eq!(pay.execute_blocking(down).stop_reason(), Some(StopReason::CircuitOpen)); // the fifth
/// assert_eq!(PAYMENTS.state(), CircuitState::Open);
///
/// let outcome = pay.execute_blocking(down);
/// assert_eq!((outcome.attempts(), outcome.stop_reason()), (0, Some(StopReason::CircuitOpen)));
/// assert!(outcome.next_delay() <= Some(Duration::from_secs(10)));
/// ```
pub struct CircuitBreaker {
    identity: Identity,
    settings: CircuitSettings,
    observer: Option<&'static dyn Observer>,
    /// The machine's era, written under the lock whenever it changes, so that whoever finds the circuit closed passes without a lock.
    era: AtomicU64,
    /// How many counted failures there have been in a row, next to the generation that they belong to. It only grows under the lock; a success
    /// takes it back to zero without one, but only its own generation's.
    streak: AtomicU64,
    /// The successes that the share of failures has still to count: an [`Undated`]. A success adds itself without a lock, if it is of this
    /// generation; all else changes under the lock, the generation before `era` does. Relaxed: who sees an era sees this as it was before.
    undated: AtomicU64,
    rejected: AtomicU64,
    /// Clocks are read under the lock, so that their readings arrive in order.
    shared: Mutex<Shared>,
}

/// What is behind the lock.
#[derive(Debug)]
struct Shared {
    machine: Machine,
    outbox: Outbox,
}

impl CircuitBreaker {
    /// A closed circuit. The name is by what it is found in events and in the registry.
    ///
    /// # Panics
    ///
    /// If the name is empty.
    #[cfg(not(retry_loom))]
    #[must_use]
    #[track_caller]
    pub const fn new(name: &'static str) -> Self {
        Self::with(Identity::new(name), &CircuitSettings::DEFAULT)
    }

    #[cfg(not(retry_loom))]
    const fn with(identity: Identity, settings: &CircuitSettings) -> Self {
        Self {
            identity,
            settings: *settings,
            observer: None,
            era: AtomicU64::new(Era::FIRST.word()),
            streak: AtomicU64::new(0),
            undated: AtomicU64::new(Undated::NONE.word()),
            rejected: AtomicU64::new(0),
            shared: Mutex::new(Shared {
                machine: Machine::new(),
                outbox: Outbox::new(),
            }),
        }
    }

    /// The same out of what the model checker has, which is not `const`.
    #[cfg(retry_loom)]
    #[track_caller]
    pub fn new(name: &'static str) -> Self {
        Self::with(Identity::new(name), &CircuitSettings::DEFAULT)
    }

    #[cfg(retry_loom)]
    fn with(identity: Identity, settings: &CircuitSettings) -> Self {
        Self {
            identity,
            settings: *settings,
            observer: None,
            era: AtomicU64::new(Era::FIRST.word()),
            streak: AtomicU64::new(0),
            undated: AtomicU64::new(Undated::NONE.word()),
            rejected: AtomicU64::new(0),
            shared: Mutex::new(Shared {
                machine: Machine::new(),
                outbox: Outbox::new(),
            }),
        }
    }

    /// A circuit from settings that are only known when the program runs.
    ///
    /// # Errors
    ///
    /// What the builder's methods refuse by panicking.
    ///
    /// ```
    /// use retry_core::{CircuitBreaker, CircuitSettings};
    ///
    /// let host = "eu-1.example.org".to_owned();
    /// let breaker = CircuitBreaker::from_settings(host, CircuitSettings::DEFAULT)?;
    /// assert_eq!(breaker.name(), "eu-1.example.org");
    /// # Ok::<(), retry_core::GuardError>(())
    /// ```
    #[track_caller]
    pub fn from_settings(
        name: impl Into<Cow<'static, str>>,
        settings: CircuitSettings,
    ) -> Result<Self, GuardError> {
        match settings.problem() {
            Some(problem) => Err(problem),
            None => Ok(Self::with(Identity::checked(name.into())?, &settings)),
        }
    }

    #[track_caller]
    const fn checked(self) -> Self {
        if let Some(problem) = self.settings.problem() {
            panic!("{}", problem.reason());
        }
        self
    }

    /// Opens after `count` failures within a rolling window of this length.
    ///
    /// # Panics
    ///
    /// If the count is 0 or above 65536, or the window is zero. In a `static` that is a compile error.
    ///
    /// ```
    /// use retry_core::CircuitBreaker;
    /// use std::time::Duration;
    ///
    /// static SEARCH: CircuitBreaker = CircuitBreaker::new("search").failures(10, Duration::from_secs(60));
    /// # let _ = SEARCH.name();
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn failures(mut self, count: u32, window: Duration) -> Self {
        self.settings.failures = Some(FailureLimit { count, window });
        self.checked()
    }

    /// Opens after `count` failures in a row, whatever time lies between them.
    ///
    /// # Panics
    ///
    /// If the count is 0.
    #[must_use]
    #[track_caller]
    pub const fn consecutive(mut self, count: u32) -> Self {
        self.settings.consecutive = Some(count);
        self.checked()
    }

    /// Opens when the share of failures among the calls within a rolling window reaches `rate`, once there are `minimum_calls` of them.
    ///
    /// Calls are counted in twentieths of the window: one counts for nineteen of them at least, and never longer than the window.
    ///
    /// Where there are many calls, most successes are counted without a look at the clock, and dated by whoever comes by with one: the next
    /// failure or one of the next successes. One may wait for each 32 calls in the window, and 31 at most. So up to 31 may be counted later
    /// than they were, also much later if nobody comes by; none is missed or counted twice, and a share of fewer than 64 calls is exact.
    ///
    /// # Panics
    ///
    /// If the rate is not above 0 and at most 1, or the minimum or the window is zero.
    ///
    /// ```
    /// use retry_core::CircuitBreaker;
    /// use std::time::Duration;
    ///
    /// // Half of at least 20 calls in a minute.
    /// static SEARCH: CircuitBreaker = CircuitBreaker::new("search").failure_rate(0.5, 20, Duration::from_secs(60));
    /// # let _ = SEARCH.name();
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn failure_rate(mut self, rate: f64, minimum_calls: u32, window: Duration) -> Self {
        self.settings.failure_rate = Some(RateLimit {
            rate,
            minimum_calls,
            window,
        });
        self.checked()
    }

    /// Opens when the share of calls that take `slower_than` or longer reaches `rate`, once there are `minimum_calls` within the window.
    ///
    /// Successes can be slow, too; as a probe, a slow one counts as a failure. The window is as that of [`failure_rate`](Self::failure_rate).
    ///
    /// # Panics
    ///
    /// If the time is zero, the rate is not above 0 and at most 1, or the minimum or the window is zero.
    ///
    /// ```
    /// use retry_core::CircuitBreaker;
    /// use std::time::Duration;
    ///
    /// static SEARCH: CircuitBreaker = CircuitBreaker::new("search")
    ///     .slow_rate(Duration::from_secs(2), 0.5, 20, Duration::from_secs(60));
    /// # let _ = SEARCH.name();
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn slow_rate(
        mut self,
        slower_than: Duration,
        rate: f64,
        minimum_calls: u32,
        window: Duration,
    ) -> Self {
        self.settings.slow_rate = Some(SlowLimit {
            slower_than,
            rate,
            minimum_calls,
            window,
        });
        self.checked()
    }

    /// Counts the failures of a class apart from the others: so many of them within the window open the circuit, and they do not count towards
    /// [`failures`](Self::failures). The class need not be in [`trip_on`](Self::trip_on); if it is not, its failures count towards nothing else
    /// either, neither in a row nor in a share. As a probe, any of them is a failure.
    ///
    /// # Panics
    ///
    /// As [`failures`](Self::failures).
    ///
    /// ```
    /// use retry_core::{CircuitBreaker, ErrorClass};
    /// use std::time::Duration;
    ///
    /// // Rate limits are worth more patience.
    /// static SEARCH: CircuitBreaker = CircuitBreaker::new("search")
    ///     .failures(5, Duration::from_secs(60))
    ///     .class_failures(ErrorClass::RateLimit, 50, Duration::from_secs(60));
    /// # let _ = SEARCH.name();
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn class_failures(mut self, class: ErrorClass, count: u32, window: Duration) -> Self {
        let limit = FailureLimit { count, window };
        self.settings.class_failures = self.settings.class_failures.with(class, limit);
        self.checked()
    }

    /// The classes that count as failures. By default these are `Transient` and `ServerError`.
    ///
    /// # Panics
    ///
    /// If there is none, and none with [`class_failures`](Self::class_failures).
    #[must_use]
    #[track_caller]
    pub const fn trip_on(mut self, classes: &[ErrorClass]) -> Self {
        self.settings.trip_on = ClassSet::of(classes);
        self.checked()
    }

    /// How long the circuit stays open. By default this is 30 seconds.
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[must_use]
    #[track_caller]
    pub const fn open_for(mut self, open_for: Duration) -> Self {
        self.settings.open_for = open_for;
        self.checked()
    }

    /// Multiplies the time that the circuit is open with each reopening, up to `max`, until it has closed again.
    ///
    /// # Panics
    ///
    /// If the factor is not finite or below 1.
    ///
    /// ```
    /// use retry_core::CircuitBreaker;
    /// use std::time::Duration;
    ///
    /// // 10, 20, 40, 60, 60, … seconds
    /// static SEARCH: CircuitBreaker = CircuitBreaker::new("search")
    ///     .open_for(Duration::from_secs(10))
    ///     .growing(2.0, Duration::from_secs(60));
    /// # let _ = SEARCH.name();
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn growing(mut self, factor: f64, max: Duration) -> Self {
        self.settings.growth = factor;
        self.settings.open_for_max = max;
        self.checked()
    }

    /// Whether a server's hint keeps the circuit open longer than it would be. By default it does.
    #[must_use]
    pub const fn retry_after(mut self, retry_after: RetryAfter) -> Self {
        self.settings.retry_after = retry_after;
        self
    }

    /// The longest hint that is followed in full. By default this is 2 minutes.
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[must_use]
    #[track_caller]
    pub const fn retry_after_max(mut self, longest: Duration) -> Self {
        self.settings.retry_after_max = longest;
        self.checked()
    }

    /// How many probes a half-open circuit lets through at a time; and in all, as long as none of them is neutral and gives its place back. By
    /// default this is one.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    #[track_caller]
    pub const fn probes(mut self, probes: u32) -> Self {
        self.settings.probes = probes;
        self.checked()
    }

    /// How many probes have to succeed for the circuit to close. By default this is one. If it is more than [`probes`](Self::probes), so many
    /// pass in all, and no more than that at a time.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    #[track_caller]
    pub const fn successes(mut self, successes: u32) -> Self {
        self.settings.successes = successes;
        self.checked()
    }

    /// When a probe that has not ended is given up, so that another can pass. What it says later is of no interest. By default this is a minute.
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[must_use]
    #[track_caller]
    pub const fn probe_timeout(mut self, limit: Duration) -> Self {
        self.settings.probe_timeout = limit;
        self.checked()
    }

    /// Lets each call vote once, at its end, and not with each of its attempts.
    ///
    /// A call that succeeds at last then counts as a success, however many attempts it took; one that is aborted during a sleep does not count.
    #[must_use]
    pub const fn per_call(mut self) -> Self {
        self.settings.per_call = true;
        self
    }

    /// Tells `observer` of every transition of this circuit, whoever caused it, in order and once each. It replaces an earlier one.
    ///
    /// Observers of a call are told of the transitions that the call caused, and the global observer of all.
    ///
    /// ```
    /// use retry_core::{CircuitBreaker, EventKind, testing::Recorder};
    ///
    /// static RECORDER: Recorder = Recorder::new();
    /// static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments").observe(&RECORDER);
    ///
    /// PAYMENTS.force_open();
    /// PAYMENTS.reset();
    /// assert_eq!(RECORDER.kinds(), [EventKind::CircuitOpened, EventKind::CircuitClosed]);
    /// ```
    #[must_use]
    pub const fn observe(mut self, observer: &'static dyn Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.identity.name()
    }

    /// What it was made with.
    #[must_use]
    pub const fn settings(&self) -> &CircuitSettings {
        &self.settings
    }

    pub(crate) const fn identity(&self) -> &Identity {
        &self.identity
    }
}

/// What it is used for.
impl CircuitBreaker {
    /// Asks to pass, for code that runs no [`Call`](crate::Call). Tell the permit how it went; dropping it says nothing.
    ///
    /// # Errors
    ///
    /// If the circuit is open, or half-open with all its probes under way.
    ///
    /// ```
    /// use retry_core::{CircuitBreaker, CircuitOpen, ErrorClass};
    ///
    /// static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments");
    ///
    /// fn pay() -> Result<Result<u8, &'static str>, CircuitOpen> {
    ///     let permit = PAYMENTS.try_acquire()?;
    ///     let paid = Err("connection refused");
    ///     match &paid {
    ///         Ok(_) => permit.succeed(),
    ///         Err(_) => permit.fail(ErrorClass::Transient),
    ///     }
    ///     Ok(paid)
    /// }
    /// assert_eq!(pay(), Ok(Err("connection refused")));
    /// assert_eq!(PAYMENTS.snapshot().consecutive, 1);
    /// ```
    #[inline]
    pub fn try_acquire(&self) -> Result<CircuitPermit<'_>, CircuitOpen> {
        match self.enter_closed(TimeSource::System) {
            Some(permit) => Ok(permit),
            None => self.try_acquire_not_closed(),
        }
    }

    #[cold]
    fn try_acquire_not_closed(&self) -> Result<CircuitPermit<'_>, CircuitOpen> {
        match self.enter(&Asker::alone()) {
            (Ok(permit), _) => Ok(permit),
            (Err(retry_after), _) => {
                Err(CircuitOpen::new(self.identity.shared_name(), retry_after))
            }
        }
    }

    /// A permit, if the circuit is closed.
    #[inline]
    pub(crate) fn enter_closed(&self, time: TimeSource<'_>) -> Option<CircuitPermit<'_>> {
        let era = Era::of(self.era.load(Ordering::Acquire));
        match era.phase {
            Phase::Closed | Phase::ForcedClosed => {
                let started = match self.settings.slow_rate {
                    Some(_) => Stamp::now(time),
                    None => Stamp::NONE,
                };
                Some(CircuitPermit::new(self, Pass::free(era), started))
            }
            Phase::Open | Phase::HalfOpen | Phase::ForcedOpen => None,
        }
    }

    /// A permit; or else how long until there may be one, if that is known.
    pub(crate) fn enter(
        &self,
        asker: &Asker<'_>,
    ) -> (
        Result<CircuitPermit<'_>, Option<Duration>>,
        Option<Transition>,
    ) {
        if let Some(permit) = self.enter_closed(asker.time) {
            return (Ok(permit), None);
        }
        let mut shared = self.lock();
        let now = asker.time.now();
        let (entrance, transition) = shared.machine.enter(&self.settings, now);
        self.publish(&mut shared, transition, asker, now);
        let era = shared.machine.era();
        drop(shared);
        self.deliver(transition, asker);
        let permit = |pass| Ok(CircuitPermit::new(self, pass, Stamp::of(now)));
        let entered = match entrance {
            Entrance::Free => permit(Pass::free(era)),
            Entrance::Probe { key } => permit(Pass::probe(key)),
            Entrance::Shut { until_probe } => {
                self.count_rejection();
                Err(until_probe)
            }
        };
        (entered, transition)
    }

    /// Whether nobody may pass now, and if known, how long that will last. An open circuit whose time is over is as good as half-open.
    pub(crate) fn shut(&self, time: TimeSource<'_>) -> Option<Shut> {
        match Era::of(self.era.load(Ordering::Acquire)).phase {
            Phase::Closed | Phase::ForcedClosed | Phase::HalfOpen => None,
            Phase::ForcedOpen => Some(Shut { until_probe: None }),
            Phase::Open => {
                let mut shared = self.lock();
                let until_probe = shared.machine.until_half_open(time.now());
                drop(shared);
                until_probe
                    .is_some_and(|left| !left.is_zero())
                    .then_some(Shut { until_probe })
            }
        }
    }

    /// A call has been turned away.
    pub(crate) fn count_rejection(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes notice of a success with a permit of these parts, without the lock, if that is possible.
    #[inline]
    pub(crate) fn note_success(&self, permit: &Parts) -> bool {
        let era = permit.pass.era();
        match era.phase {
            Phase::Closed => {
                self.end_streak(era.generation);
                !self.settings.counts_calls() || self.leave_undated(era.generation)
            }
            Phase::ForcedClosed => true,
            Phase::Open | Phase::HalfOpen | Phase::ForcedOpen => false,
        }
    }

    /// Lets a success wait for somebody who reads a clock, if it may. One of an earlier generation need not wait, as nobody counts it.
    #[inline]
    fn leave_undated(&self, generation: u64) -> bool {
        if self.settings.slow_rate.is_some() {
            return false;
        }
        let own = Undated::NONE.of(generation).generation;
        let left = self
            .undated
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
                let undated = Undated::from(word);
                let left = undated.with_one().filter(|_| undated.generation == own)?;
                Some(left.word())
            });
        left.map_or_else(|word| Undated::from(word).generation != own, |_| true)
    }

    /// What a permit has to say.
    fn vote(&self, permit: CircuitPermit<'_>, vote: Vote, asker: &Asker<'_>) -> Option<Transition> {
        let counted = match vote {
            Vote::Success => true,
            Vote::Failure(classification) => self.settings.counts(classification.class),
        };
        if !counted {
            return None;
        }
        let mut shared = self.lock();
        let now = asker.time.now();
        let slow = self.settings.slow_rate.is_some_and(|limit| {
            let taken = permit.parts.started.until(now);
            taken.is_some_and(|taken| taken >= limit.slower_than)
        });
        let pass = permit.into_parts().pass;
        let era = pass.era();
        let lengthens = era.phase == Phase::Closed
            && shared.machine.era() == era
            && matches!(vote, Vote::Failure(failure) if self.settings.trip_on.contains(failure.class));
        let streak = if lengthens {
            self.lengthen_streak(era.generation)
        } else {
            0
        };
        let ballot = Ballot { vote, slow, streak };
        self.date(&mut shared.machine, now);
        let transition = shared.machine.vote(&self.settings, pass, ballot, now);
        self.publish(&mut shared, transition, asker, now);
        drop(shared);
        self.deliver(transition, asker);
        transition
    }

    /// Counts the successes that have waited for a clock.
    fn date(&self, machine: &mut Machine, now: Instant) {
        if self.settings.failure_rate.is_none() {
            return;
        }
        let dated = |word| {
            let undated = Undated::from(word);
            (undated.count > 0).then_some(undated.with_none().word())
        };
        let before = self
            .undated
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, dated);
        if let Ok(word) = before {
            machine.date(&self.settings, Undated::from(word).count, now);
        }
    }

    /// Says how many successes may wait from now on; in a new generation none has.
    fn publish_undated(&self, machine: &Machine) {
        if self.settings.failure_rate.is_none() {
            return;
        }
        let none = Undated::NONE.of(machine.era().generation);
        let most = machine.most_undated(&self.settings);
        let changed = |word| {
            let undated = Undated::from(word);
            if undated.generation != none.generation {
                return Some(none.word());
            }
            (undated.most != most).then_some(Undated { most, ..undated }.word())
        };
        let _ = self
            .undated
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, changed);
    }

    /// Under the lock, so that a stale generation can only be an earlier one.
    fn lengthen_streak(&self, generation: u64) -> u32 {
        let none = Streak::NONE.of(generation);
        let longer = |word| {
            let streak = Streak::from(word);
            let own = streak.generation == none.generation;
            if own { streak } else { none }.longer()
        };
        let updated = self
            .streak
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
                Some(longer(word).word())
            });
        let (Ok(before) | Err(before)) = updated;
        longer(before).length
    }

    /// Not under the lock, so that it may have to try again where somebody fails at the same time.
    #[inline]
    fn end_streak(&self, generation: u64) {
        let none = Streak::NONE.of(generation);
        let ended = |word| {
            let streak = Streak::from(word);
            let goes_on = streak.generation == none.generation && streak.length > 0;
            goes_on.then_some(none.word())
        };
        let _ = self
            .streak
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, ended);
    }

    /// A permit is given back without a word.
    #[cold]
    #[inline(never)]
    fn leave(&self, probe: u64) {
        self.lock().machine.end_probe(probe);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing of others runs under the lock but the clock, before anything has been changed.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For people and status pages.
impl CircuitBreaker {
    /// Whether the circuit is closed, open or half-open. An open circuit whose time is over stays open until somebody asks to pass.
    #[must_use]
    pub fn state(&self) -> CircuitState {
        Era::of(self.era.load(Ordering::Acquire)).phase.into()
    }

    /// What somebody would find it to be who asked to pass: an open circuit whose time is over is half-open. Only looks.
    #[cfg(feature = "metrics")]
    pub(crate) fn state_to_come(&self, time: TimeSource<'_>) -> CircuitState {
        match self.state() {
            CircuitState::Open => {
                let shared = self.lock();
                let left = shared.machine.left(time.now());
                let phase = shared.machine.era().phase;
                drop(shared);
                if left == Some(Duration::ZERO) {
                    CircuitState::HalfOpen
                } else {
                    phase.into()
                }
            }
            state => state,
        }
    }

    /// What the circuit looks like now.
    ///
    /// ```
    /// use retry_core::{CircuitBreaker, CircuitState};
    ///
    /// static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments");
    ///
    /// let snapshot = PAYMENTS.snapshot();
    /// assert_eq!(snapshot.state, CircuitState::Closed);
    /// println!("{snapshot}");
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> CircuitSnapshot {
        let shared = self.lock();
        let now = TimeSource::System.now();
        let undated = Undated::from(self.undated.load(Ordering::Relaxed)).count;
        let counts = shared.machine.counts(&self.settings, undated, now);
        let era = shared.machine.era();
        let streak = Streak::from(self.streak.load(Ordering::Relaxed));
        drop(shared);
        let current = streak.generation == Streak::NONE.of(era.generation).generation;
        CircuitSnapshot::new(
            self,
            era.phase,
            &counts,
            if current { streak.length } else { 0 },
            self.rejected.load(Ordering::Relaxed),
        )
    }

    /// Opens the circuit until [`reset`](Self::reset) or [`force_closed`](Self::force_closed).
    pub fn force_open(&self) {
        self.force(Phase::ForcedOpen);
    }

    /// Closes the circuit until [`reset`](Self::reset) or [`force_open`](Self::force_open), whatever fails.
    pub fn force_closed(&self) {
        self.force(Phase::ForcedClosed);
    }

    /// Makes the circuit what it was at the beginning: closed, with nothing counted. Attempts that are under way do not count any more.
    pub fn reset(&self) {
        self.force(Phase::Closed);
    }

    fn force(&self, phase: Phase) {
        let asker = Asker::alone();
        let mut shared = self.lock();
        let now = asker.time.now();
        let transition = shared.machine.force(phase, now);
        self.publish(&mut shared, transition, &asker, now);
        drop(shared);
        self.deliver(transition, &asker);
    }
}

/// That nobody may pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shut {
    pub(crate) until_probe: Option<Duration>,
}

// A panic leaves it whole: of what is not its own, it runs clocks before it changes anything, and observers where a panic is caught.
impl UnwindSafe for CircuitBreaker {}
impl RefUnwindSafe for CircuitBreaker {}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CircuitBreaker")
            .field("name", &self.name())
            .field("state", &self.state())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
