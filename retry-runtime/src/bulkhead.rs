//! A limit on how much happens at a time, so that one slow dependency does not take everything with it.
//!
//! [`word`] and [`gate`] are the state machine, which knows no time. A [`Ticket`] is a place in its queue; what waits on it is
//! in [`acquire`], or a driver.

mod acquire;
mod full;
mod gate;
#[cfg(all(test, retry_loom))]
mod model;
mod permit;
mod settings;
mod statistics;
mod tally;
mod ticket;
mod waits;
mod word;

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

pub use self::full::BulkheadFull;
use self::full::Why;
use self::gate::{Gate, Joined};
pub use self::permit::BulkheadPermit;
pub use self::settings::BulkheadSettings;
pub use self::statistics::BulkheadStatistics;
pub(crate) use self::tally::WaitEnd;
pub(crate) use self::ticket::Ticket;
use crate::guard::{GuardError, Identity};
use crate::sync::AtomicU64;

/// A limit on how much happens at a time.
///
/// Named after the walls that keep a ship afloat when one of its rooms is not: a dependency that becomes slow should hold up those who need
/// it, and not, call by call, every thread and connection of the program. At most [`max_concurrent`](Self::max_concurrent) callers are inside
/// at a time. Who finds it full queues for at most [`wait`](Self::wait), first come first served; nobody overtakes. By default nobody waits
/// and who finds it full is refused at once. The wait's limit never covers what is done inside.
///
/// Async and blocking callers share one queue. It is `const` constructible, so it can be a `static`; wrap it in an
/// [`Arc`](std::sync::Arc) to share it otherwise. Entering and leaving takes no lock, allocates nothing and reads no clock while nobody queues.
///
/// ```
/// use retry_core::Bulkhead;
/// use std::time::Duration;
///
/// static POOL: Bulkhead = Bulkhead::new("database", 10)
///     .wait(Duration::from_millis(200))
///     .queue(64)
///     .contention_after(Duration::from_millis(50));
///
/// let permit = POOL.acquire_blocking()?;
/// // At most ten are here.
/// drop(permit);
/// # Ok::<(), retry_core::BulkheadFull>(())
/// ```
///
/// Settings that make no sense are a compile error in a `static`:
///
/// ```compile_fail
/// # use retry_core::Bulkhead;
/// // error: A bulkhead that admits nobody refuses every call …
/// static POOL: Bulkhead = Bulkhead::new("database", 0);
/// # let _ = &POOL;
/// ```
///
/// Who is inside and waits for a second permit of the same bulkhead waits for others like him: when all do, none gets it before his wait is
/// over. Take one permit for the whole.
pub struct Bulkhead {
    identity: Identity,
    /// As it was built. The limit may have changed since then: the gate knows it.
    settings: BulkheadSettings,
    gate: Gate,
    /// Counts, and nothing that other memory depends on, so relaxed order suffices.
    rejected: AtomicU64,
}

/// Building.
impl Bulkhead {
    /// A bulkhead that admits so many at a time, at whose door nobody waits; the [setters](Self::wait) change that.
    ///
    /// # Panics
    ///
    /// If the name is empty, or `max_concurrent` is 0 or more than 2³¹ − 1.
    #[cfg(not(retry_loom))]
    #[must_use]
    #[track_caller]
    pub const fn new(name: &'static str, max_concurrent: u32) -> Self {
        let settings = of_size(max_concurrent);
        Self {
            identity: Identity::new(name),
            settings,
            gate: Gate::new(settings.max_concurrent),
            rejected: AtomicU64::new(0),
        }
    }

    /// Loom's types cannot be made in a `const fn`.
    #[cfg(retry_loom)]
    #[track_caller]
    pub fn new(name: &'static str, max_concurrent: u32) -> Self {
        Self::assemble(Identity::new(name), of_size(max_concurrent))
    }

    /// A bulkhead from run-time data.
    ///
    /// ```
    /// use retry_core::{Bulkhead, BulkheadSettings};
    ///
    /// let bulkhead = Bulkhead::from_settings(format!("shard {}", 7), BulkheadSettings::DEFAULT)?;
    /// assert_eq!(bulkhead.name(), "shard 7");
    /// # Ok::<(), retry_core::GuardError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the name is empty, or `max_concurrent` is 0 or more than 2³¹ − 1.
    #[track_caller]
    pub fn from_settings(
        name: impl Into<Cow<'static, str>>,
        settings: BulkheadSettings,
    ) -> Result<Self, GuardError> {
        settings.check()?;
        Ok(Self::assemble(Identity::checked(name.into())?, settings))
    }

    fn assemble(identity: Identity, settings: BulkheadSettings) -> Self {
        Self {
            identity,
            settings,
            gate: Gate::new(settings.max_concurrent),
            rejected: AtomicU64::new(0),
        }
    }

    /// Sets how long a caller may queue. Zero, the default, means never; [`Duration::MAX`] means without limit.
    ///
    /// ```
    /// # use retry_core::Bulkhead;
    /// # use std::time::Duration;
    /// static POOL: Bulkhead = Bulkhead::new("database", 10).wait(Duration::from_millis(200));
    /// assert_eq!(POOL.settings().wait, Duration::from_millis(200));
    /// ```
    #[must_use]
    pub const fn wait(mut self, longest: Duration) -> Self {
        self.settings.wait = longest;
        self
    }

    /// Sets how many callers may queue at a time; 64 by default. Zero means nobody.
    ///
    /// ```
    /// # use retry_core::Bulkhead;
    /// # use std::time::Duration;
    /// static POOL: Bulkhead = Bulkhead::new("database", 10).wait(Duration::from_millis(200)).queue(20);
    /// assert_eq!(POOL.settings().queue, 20);
    /// ```
    #[must_use]
    pub const fn queue(mut self, places: u32) -> Self {
        self.settings.queue = places;
        self
    }

    /// Sets the wait from which on it counts as contention, in the [`statistics`](Self::statistics) and, when a call waits, as event
    /// `contention_detected`; 50 ms by default. It counts also when the caller gave up.
    ///
    /// ```
    /// # use retry_core::Bulkhead;
    /// # use std::time::Duration;
    /// static POOL: Bulkhead = Bulkhead::new("database", 10)
    ///     .wait(Duration::from_secs(1))
    ///     .contention_after(Duration::from_millis(100));
    /// assert_eq!(POOL.settings().contention_after, Duration::from_millis(100));
    /// ```
    #[must_use]
    pub const fn contention_after(mut self, wait: Duration) -> Self {
        self.settings.contention_after = wait;
        self
    }
}

/// Looking, and changing.
impl Bulkhead {
    /// The name that it was built with.
    #[must_use]
    pub fn name(&self) -> &str {
        self.identity.name()
    }

    /// The settings, with the present [`max_concurrent`](Self::max_concurrent).
    #[must_use]
    pub fn settings(&self) -> BulkheadSettings {
        BulkheadSettings {
            max_concurrent: self.max_concurrent(),
            ..self.settings
        }
    }

    /// How long a call may wait for it.
    #[cfg(feature = "inventory")]
    pub(crate) fn longest_wait(&self) -> Duration {
        if self.settings.admits_waiting() {
            self.settings.wait
        } else {
            Duration::ZERO
        }
    }

    /// How many may be inside at a time, now.
    #[must_use]
    pub fn max_concurrent(&self) -> u32 {
        self.gate.limit()
    }

    /// How many are inside now. Briefly counts a caller who has queued and whose permit waits for him to take it.
    #[must_use]
    pub fn in_use(&self) -> u32 {
        self.gate.inspect(|_, moment| moment.in_use)
    }

    /// Changes how many may be inside at a time, at once. See [`try_resize`](Self::try_resize), which does not panic.
    ///
    /// If it is more, those who are next in the queue enter. If it is less than are inside, they stay, and nobody enters until enough of them
    /// have left.
    ///
    /// ```
    /// # use retry_core::Bulkhead;
    /// static POOL: Bulkhead = Bulkhead::new("database", 1);
    /// let first = POOL.try_acquire()?;
    /// POOL.resize(2);
    /// let second = POOL.try_acquire()?;
    /// # Ok::<(), retry_core::BulkheadFull>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If it is 0 or more than 2³¹ − 1.
    #[track_caller]
    pub fn resize(&self, max_concurrent: u32) {
        if let Err(error) = self.try_resize(max_concurrent) {
            panic!("{}", error.reason());
        }
    }

    /// As [`resize`](Self::resize), for a number that comes from elsewhere.
    ///
    /// ```
    /// # use retry_core::Bulkhead;
    /// static POOL: Bulkhead = Bulkhead::new("database", 1);
    /// assert_eq!(POOL.try_resize(0).unwrap_err().field(), "max_concurrent");
    /// assert_eq!(POOL.max_concurrent(), 1);
    /// ```
    ///
    /// # Errors
    ///
    /// If it is 0 or more than 2³¹ − 1; then nothing has changed.
    pub fn try_resize(&self, max_concurrent: u32) -> Result<(), GuardError> {
        settings::check_max_concurrent(max_concurrent)?;
        self.gate.resize(max_concurrent);
        Ok(())
    }

    /// What has happened so far, and what is now.
    #[must_use]
    pub fn statistics(&self) -> BulkheadStatistics {
        self.gate.inspect(|tally, moment| BulkheadStatistics {
            in_use: moment.in_use,
            max_concurrent: moment.limit,
            queued: moment.queued,
            acquired: moment.acquired,
            rejected: self.rejected.load(Ordering::Relaxed),
            timed_out: tally.timed_out,
            given_up: tally.given_up,
            contended: tally.contended,
            waits: tally.waits.clone(),
        })
    }

    pub(crate) const fn identity(&self) -> &Identity {
        &self.identity
    }
}

/// Entering and queueing, for the drivers and for [`acquire`].
impl Bulkhead {
    /// A permit if one is free and nobody queues; counts an acquisition, never a rejection.
    #[inline]
    pub(crate) fn try_enter(&self) -> Option<BulkheadPermit<'_>> {
        self.gate.acquire().then(|| BulkheadPermit::of(self))
    }

    /// Takes a place in the queue, first come first served. May find that a permit has become free: then the ticket is granted at once.
    ///
    /// # Errors
    ///
    /// If nobody may wait, or the queue is full; counts a rejection.
    pub(crate) fn enqueue(&self, now: Instant) -> Result<Ticket<'_>, BulkheadFull> {
        let joined = if self.settings.admits_waiting() {
            self.gate.join(self.settings.queue).ok_or(Why::QueueFull)
        } else {
            let entered = self.gate.enter().then_some(Joined::Entered);
            entered.ok_or(Why::Taken)
        };
        match joined {
            Ok(joined) => Ok(Ticket::new(self, now, &joined)),
            Err(why) => Err(self.reject(why)),
        }
    }

    /// How long a ticket may wait.
    pub(crate) const fn longest_wait_allowed(&self) -> Duration {
        self.settings.wait
    }

    /// For somebody whom the gate has let in with a ticket.
    fn admit(&self) -> BulkheadPermit<'_> {
        self.gate.count_acquired();
        BulkheadPermit::of(self)
    }

    #[cold]
    fn reject(&self, why: Why) -> BulkheadFull {
        self.rejected.fetch_add(1, Ordering::Relaxed);
        self.full(why)
    }

    fn full(&self, why: Why) -> BulkheadFull {
        BulkheadFull::new(self.identity.shared_name(), why)
    }
}

impl fmt::Debug for Bulkhead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Bulkhead")
            .field("name", &self.name())
            .field("in_use", &self.in_use())
            .field("settings", &self.settings())
            .finish_non_exhaustive()
    }
}

#[track_caller]
const fn of_size(max_concurrent: u32) -> BulkheadSettings {
    let settings = BulkheadSettings {
        max_concurrent,
        ..BulkheadSettings::DEFAULT
    };
    if let Err(error) = settings.check() {
        panic!("{}", error.reason());
    }
    settings
}
