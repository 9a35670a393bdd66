//! Where time comes from: reading it ([`Clock`]) and letting it pass ([`Sleep`]).
//!
//! Most programs never name these traits. The blocking driver reads the operating system's monotonic clock; the async driver reads and
//! sleeps on tokio's, so that `tokio::time::pause` works in tests. Another runtime is one [`Sleep`] away:
//!
//! ```
//! use retry_core::{Policy, Sleep, time::Wait};
//! use std::time::Duration;
//!
//! struct OtherRuntime;
//!
//! impl Sleep for OtherRuntime {
//!     fn sleep(&self, duration: Duration) -> Wait<'_> {
//! #       let _ = duration;
//! #       Box::pin(std::future::ready(()))
//! #       /*
//!         Box::pin(other_runtime::sleep(duration))
//! #       */
//!     }
//! }
//!
//! const POLICY: Policy = Policy::new().attempts(4);
//! let call = POLICY.call("fetch_user").sleeper(&OtherRuntime);
//! # let _ = call;
//! ```

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use crate::testing;

/// A wait in progress: completes once, gives nothing.
pub type Wait<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A monotonic clock.
///
/// Readings must never decrease; a reading that repeats is fine. If one does decrease, the time between them counts as zero.
///
/// ```
/// use retry_core::Clock;
/// use std::time::Instant;
///
/// struct Monotonic;
///
/// impl Clock for Monotonic {
///     fn now(&self) -> Instant {
///         Instant::now()
///     }
/// }
/// # assert!(Monotonic.now() <= Monotonic.now());
/// ```
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Instant;
}

/// A way to wait, for async runtimes other than tokio and for tests.
///
/// A wait may be dropped before it ends. The engine never asks for a wait of zero length.
///
/// ```
/// use retry_core::{Sleep, time::Wait};
/// use std::time::Duration;
///
/// /// Does not wait at all.
/// struct Impatient;
///
/// impl Sleep for Impatient {
///     fn sleep(&self, _: Duration) -> Wait<'_> {
///         Box::pin(std::future::ready(()))
///     }
///     fn sleep_blocking(&self, _: Duration) {}
/// }
/// # Impatient.sleep_blocking(Duration::MAX);
/// ```
pub trait Sleep: Send + Sync {
    /// A future that completes after `duration`.
    fn sleep(&self, duration: Duration) -> Wait<'_>;

    /// Blocks the thread for `duration`.
    ///
    /// By default this is [`std::thread::sleep`].
    fn sleep_blocking(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// Which clock a call reads.
#[derive(Clone, Copy)]
pub(crate) enum TimeSource<'a> {
    System,
    #[cfg(feature = "tokio")]
    Tokio,
    Custom(&'a dyn Clock),
}

impl TimeSource<'_> {
    /// The clock of the async driver.
    pub(crate) const fn asynchronous() -> Self {
        #[cfg(feature = "tokio")]
        return Self::Tokio;
        #[cfg(not(feature = "tokio"))]
        return Self::System;
    }

    /// Whether it is that of the async driver, where that one has its own.
    pub(crate) const fn is_asynchronous(self) -> bool {
        !matches!(self, Self::System | Self::Custom(_))
    }

    /// The same for what may outlive the call's own clock, unless it is that one.
    pub(crate) const fn for_good(self) -> Option<TimeSource<'static>> {
        match self {
            Self::System => Some(TimeSource::System),
            #[cfg(feature = "tokio")]
            Self::Tokio => Some(TimeSource::Tokio),
            Self::Custom(_) => None,
        }
    }

    #[inline]
    pub(crate) fn now(self) -> Instant {
        match self {
            Self::Custom(clock) => clock.now(),
            Self::System => system_now(),
            #[cfg(feature = "tokio")]
            Self::Tokio => tokio_now(),
        }
    }
}

/// A reading of a clock in one word, or none.
///
/// It is in nanoseconds from the first stamp of the process, which any clock's readings are compared with; those before it are negative. What
/// is 292 years away counts as that far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(i64);

impl Stamp {
    pub(crate) const NONE: Self = Self(i64::MIN);

    #[cold]
    #[inline(never)]
    pub(crate) fn now(time: TimeSource<'_>) -> Self {
        Self::of(time.now())
    }

    pub(crate) fn of(reading: Instant) -> Self {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        let first = *FIRST.get_or_init(|| reading);
        let after = nanoseconds(reading.saturating_duration_since(first));
        let before = nanoseconds(first.saturating_duration_since(reading));
        // One of them is zero.
        Self(after - before)
    }

    /// How long it is before `now`, if it is one; zero if it is after.
    pub(crate) fn until(self, now: Instant) -> Option<Duration> {
        let taken = Self::of(now).0.saturating_sub(self.0);
        (self != Self::NONE).then(|| Duration::from_nanos(u64::try_from(taken).unwrap_or(0)))
    }
}

/// At most `i64::MAX`.
fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

fn system_now() -> Instant {
    testing::simulated_now().unwrap_or_else(Instant::now)
}

#[cfg(feature = "tokio")]
fn tokio_now() -> Instant {
    testing::simulated_now().unwrap_or_else(|| tokio::time::Instant::now().into_std())
}

/// How an async call lets time pass, as a type: nothing to store when it is the runtime's own timer.
#[doc(hidden)]
pub trait Timers<'a>: Copy {
    /// A wait of `duration`.
    fn sleep(self, duration: Duration) -> Timer<'a>;
    /// The present moment on the clock that the waits follow.
    fn now(self) -> Instant;
}

/// The timer of the async runtime that the crate was built for.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct RuntimeTimers;

#[cfg(feature = "tokio")]
impl<'a> Timers<'a> for RuntimeTimers {
    fn sleep(self, duration: Duration) -> Timer<'a> {
        match testing::simulated_clock() {
            Some(clock) => Timer::Boxed {
                wait: clock.into_wait(duration),
            },
            None => Timer::Runtime {
                sleep: tokio::time::sleep(duration),
            },
        }
    }

    fn now(self) -> Instant {
        TimeSource::asynchronous().now()
    }
}

#[cfg(feature = "tokio")]
type RuntimeSleep = tokio::time::Sleep;
#[cfg(not(feature = "tokio"))]
type RuntimeSleep = std::future::Pending<()>;

pin_project! {
    /// A wait in its place: in a call's history, so that one that sleeps holds a single block.
    #[doc(hidden)]
    #[project = TimerNow]
    pub enum Timer<'a> {
        /// Nobody waits.
        Idle,
        Runtime { #[pin] sleep: RuntimeSleep },
        Boxed { wait: Wait<'a> },
    }
}

impl Timer<'_> {
    pub(crate) const fn is_idle(&self) -> bool {
        matches!(self, Self::Idle)
    }
}

impl Future for Timer<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.project() {
            TimerNow::Idle => Poll::Ready(()),
            TimerNow::Runtime { sleep } => sleep.poll(context),
            TimerNow::Boxed { wait } => wait.as_mut().poll(context),
        }
    }
}

#[cfg(all(test, not(retry_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_keeps_a_reading_to_the_nanosecond_whichever_was_the_first() {
        let earlier = Instant::now();
        let now = earlier + Duration::from_secs(1800);
        let stamps = [now, earlier].map(Stamp::of);
        let later = now + Duration::new(7, 1);
        assert_eq!(stamps[0].until(later), Some(Duration::new(7, 1)));
        assert_eq!(stamps[1].until(later), Some(Duration::new(1807, 1)));
        assert_eq!(Stamp::of(later).until(now), Some(Duration::ZERO));
        assert_eq!(Stamp::NONE.until(now), None);
    }

    #[test]
    fn what_is_too_far_away_is_as_far_as_can_be() {
        let now = Instant::now();
        let stamp = Stamp::of(now);
        let Some(end) = now.checked_add(Duration::from_secs(400 * 365 * 24 * 60 * 60)) else {
            return;
        };
        assert!(stamp.until(end) > Some(Duration::from_secs(290 * 365 * 24 * 60 * 60)));
        assert_eq!(Stamp::of(end).until(now), Some(Duration::ZERO));
    }
}
