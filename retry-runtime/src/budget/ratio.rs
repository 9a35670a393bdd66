//! A share of the first attempts of the last 10 seconds, and a floor.
//!
//! The form of Finagle's `RetryBudget` and of tower's: deposits and withdrawals over a window of ten seconds.

use std::sync::atomic::Ordering;
use std::sync::{PoisonError, TryLockError};
use std::time::{Duration, Instant};

use crate::sync::{AtomicU64, Mutex, MutexGuard};
use crate::time::TimeSource;
use crate::window::{Place, Window};

/// As in Finagle and tower: long enough to even out bursts, short enough that a quiet night does not pay for a storm in the morning.
const SPAN_SECONDS: u32 = 10;

const SPAN: Duration = Duration::from_secs(SPAN_SECONDS as u64);

/// First attempts that wait for a date before somebody reads a clock for them: reading it then costs each a small part of a reading, and all
/// that can be dated late are worth three retries at a ratio of 0.1.
const UNDATED: u64 = 32;

/// The counters of the window.
const FIRST_ATTEMPTS: usize = 0;
const RETRIES: usize = 1;

/// What a budget by ratio knows.
#[derive(Debug, Default)]
pub(super) struct Ratio {
    /// How many first attempts have begun, ever. Only grows. Relaxed: it publishes nothing, and who reads it under the lock never sees less
    /// than who held the lock before.
    begun: AtomicU64,
    /// How many of them have been counted in the window. Changes under the lock only, and never exceeds `begun`.
    dated: AtomicU64,
    window: Mutex<Window<2>>,
}

/// How many retries how many first attempts allow, in billionths, so that a tenth of ten is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    each: u64,
    floor: u32,
}

impl Ratio {
    #[cfg(not(retry_loom))]
    pub(super) const fn new() -> Self {
        Self {
            begun: AtomicU64::new(0),
            dated: AtomicU64::new(0),
            window: Mutex::new(Window::new()),
        }
    }

    /// Counts a first attempt, and says how many there have been.
    #[inline]
    pub(super) fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Dates the first attempts once enough of them wait for it.
    #[inline]
    pub(super) fn date_if_due(&self, begun: u64, time: TimeSource<'_>) {
        // Others may have dated this one already, and more.
        if begun.saturating_sub(self.dated.load(Ordering::Relaxed)) >= UNDATED {
            self.date_unless_locked(time);
        }
    }

    #[cold]
    fn date_unless_locked(&self, time: TimeSource<'_>) {
        let mut window = match self.window.try_lock() {
            Ok(window) => window,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Nobody waits here: who holds the lock is dating them, or the next first attempt sees that this was missed.
            Err(TryLockError::WouldBlock) => return,
        };
        self.date(&mut window, time.now());
    }

    pub(super) fn take(&self, rate: Rate, time: TimeSource<'_>) -> Option<u64> {
        let mut window = self.lock();
        let now = time.now();
        if self.left(&mut window, rate, now) == 0 {
            return None;
        }
        Some(window.add(now, SPAN, RETRIES, 1).0)
    }

    pub(super) fn give_back(&self, ticket: u64) {
        self.lock().take_back(Place(ticket), RETRIES, 1);
    }

    pub(super) fn remaining(&self, rate: Rate, time: TimeSource<'_>) -> u64 {
        let mut window = self.lock();
        self.left(&mut window, rate, time.now())
    }

    pub(super) fn reset(&self) {
        let mut window = self.lock();
        // Those that have no date yet are forgotten with the others.
        self.dated.store(self.begun(), Ordering::Relaxed);
        window.clear();
    }

    fn left(&self, window: &mut Window<2>, rate: Rate, now: Instant) -> u64 {
        self.date(window, now);
        let totals = window.totals(now, SPAN);
        rate.allowed(totals[FIRST_ATTEMPTS])
            .saturating_sub(totals[RETRIES])
    }

    /// Counts what has begun since the last time. The window is locked.
    fn date(&self, window: &mut Window<2>, now: Instant) {
        let begun = self.begun();
        let undated = begun.saturating_sub(self.dated.load(Ordering::Relaxed));
        if undated > 0 {
            window.add(now, SPAN, FIRST_ATTEMPTS, undated);
            self.dated.store(begun, Ordering::Relaxed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Window<2>> {
        // A clock that panics under the lock is read before anything changes.
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rate {
    const BILLION: u128 = 1_000_000_000;

    /// A ratio that was [checked](super::BudgetSettings::check), rounded up, so that a third of three is one. That allows at most one retry
    /// too many in a billion first attempts.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a ratio is at least 0 and at most 1000"
    )]
    pub(super) fn new(ratio: f64, floor: u32) -> Self {
        Self {
            each: (ratio * 1e9).ceil() as u64,
            floor,
        }
    }

    /// ratio × first attempts, but at least floor × 10, in whole retries.
    ///
    /// Not their sum, as in Finagle: then an outage would always make more of the load than the ratio promises.
    fn allowed(self, first_attempts: u64) -> u64 {
        let earned = u128::from(first_attempts) * u128::from(self.each) / Self::BILLION;
        let floor = u128::from(self.floor) * u128::from(SPAN_SECONDS);
        u64::try_from(earned.max(floor)).unwrap_or(u64::MAX)
    }
}

#[cfg(all(test, not(retry_loom)))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::time::Clock;

    #[test]
    fn a_share_in_decimals_is_exact() {
        for hundredths in 1..=1000_u32 {
            let rate = Rate::new(f64::from(hundredths) / 100.0, 0);
            assert_eq!(
                rate.allowed(100),
                hundredths.into(),
                "{hundredths} hundredths"
            );
            assert_eq!(
                rate.allowed(99),
                u64::from(hundredths) * 99 / 100,
                "{hundredths} hundredths"
            );
        }
    }

    #[test]
    fn a_share_in_fractions_is_exact() {
        for denominator in 1..=1000_u32 {
            let rate = Rate::new(1.0 / f64::from(denominator), 0);
            assert_eq!(rate.allowed(denominator.into()), 1, "1/{denominator}");
            assert_eq!(rate.allowed((denominator - 1).into()), 0, "1/{denominator}");
        }
    }

    #[test]
    fn the_greatest_numbers_saturate() {
        assert_eq!(Rate::new(1000.0, u32::MAX).allowed(u64::MAX), u64::MAX);
        assert_eq!(
            Rate::new(0.0, u32::MAX).allowed(u64::MAX),
            u64::from(u32::MAX) * 10
        );
        assert_eq!(Rate::new(f64::MIN_POSITIVE, 0).allowed(1_000_000_000), 1);
    }

    /// A clock that counts how often it is read.
    struct Counted(Instant, AtomicU64);

    impl Clock for Counted {
        fn now(&self) -> Instant {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0
        }
    }

    #[test]
    fn thirty_two_first_attempts_read_the_clock_once() {
        let (ratio, clock) = (
            Ratio::default(),
            Counted(Instant::now(), AtomicU64::default()),
        );
        for _ in 0..96 {
            ratio.date_if_due(ratio.begin(), TimeSource::Custom(&clock));
        }
        assert_eq!(clock.1.into_inner(), 3);
    }

    #[test]
    fn a_first_attempt_never_waits_and_the_next_one_makes_up_for_it() {
        let (ratio, clock) = (
            Ratio::default(),
            Counted(Instant::now(), AtomicU64::default()),
        );
        let begin = || ratio.date_if_due(ratio.begin(), TimeSource::Custom(&clock));
        let locked = ratio.lock();
        (0..40).for_each(|_| begin());
        assert_eq!(ratio.dated.load(Ordering::Relaxed), 0);
        drop(locked);
        begin();
        assert_eq!(ratio.dated.load(Ordering::Relaxed), 41);
    }

    #[test]
    fn a_clock_that_panics_does_no_harm() {
        struct Broken;

        impl Clock for Broken {
            fn now(&self) -> Instant {
                panic!("it is broken")
            }
        }

        let (ratio, rate) = (Ratio::default(), Rate::new(1.0, 0));
        for _ in 0..32 {
            ratio.begin();
        }
        let take = AssertUnwindSafe(|| ratio.take(rate, TimeSource::Custom(&Broken)));
        assert!(catch_unwind(take).is_err());
        ratio.date_if_due(ratio.begin(), TimeSource::System);
        assert_eq!(ratio.dated.load(Ordering::Relaxed), 33);
        assert_eq!(ratio.remaining(rate, TimeSource::System), 33);
        assert!(ratio.take(rate, TimeSource::System).is_some());
    }
}
