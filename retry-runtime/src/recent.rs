//! Exactly when something happened, the last times it did.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The instants at which something happened, oldest first.
///
/// Whoever reads a clock for it reads it while holding the lock that guards the list; then readings never arrive out of order. A reading
/// before an earlier one is of a clock that went back, or of another clock: what happened later counts as if it had been at that reading.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    entries: VecDeque<Entry>,
    next: u64,
}

#[derive(Debug)]
struct Entry {
    /// Grows from entry to entry, and is never given again.
    number: u64,
    at: Instant,
}

impl Recent {
    pub(crate) const fn new() -> Self {
        Self {
            entries: VecDeque::new(),
            next: 0,
        }
    }

    /// Adds that it happened, and gives the number by which that can be taken back.
    ///
    /// More than `limit` are never kept: the oldest makes room.
    pub(crate) fn push(&mut self, now: Instant, limit: usize) -> u64 {
        self.rewind(now);
        while self.entries.len() >= limit.max(1) {
            self.entries.pop_front();
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.entries.push_back(Entry { number, at: now });
        number
    }

    /// How often it happened in the window that ends now. What is older is forgotten.
    pub(crate) fn count(&mut self, now: Instant, window: Duration) -> usize {
        self.rewind(now);
        let expired = |entry: &Entry| now.saturating_duration_since(entry.at) >= window;
        while self.entries.front().is_some_and(expired) {
            self.entries.pop_front();
        }
        self.entries.len()
    }

    /// What [`count`](Self::count) would give, for somebody whose look must not change anything.
    pub(crate) fn peek(&self, now: Instant, window: Duration) -> usize {
        let expired = |entry: &Entry| now.saturating_duration_since(entry.at) >= window;
        self.entries.len() - self.entries.partition_point(expired)
    }

    /// Undoes a [`push`](Self::push); what has been forgotten stays forgotten.
    pub(crate) fn take_back(&mut self, number: u64) {
        let found = self
            .entries
            .binary_search_by_key(&number, |entry| entry.number);
        if let Ok(index) = found {
            self.entries.remove(index);
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        // Not the numbers: one from before must not undo what happens after.
        self.entries.clear();
    }

    fn rewind(&mut self, now: Instant) {
        let entries = self.entries.iter_mut().rev();
        for entry in entries.take_while(|entry| entry.at > now) {
            entry.at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(10);

    /// Far enough from the beginning of the monotonic clock that a test can go back.
    fn start() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn each_is_forgotten_exactly_when_the_window_has_passed() {
        let (start, mut recent) = (start(), Recent::new());
        recent.push(start, 10);
        recent.push(start + secs(3), 10);
        assert_eq!(
            recent.count(start + Duration::new(9, 999_999_999), WINDOW),
            2
        );
        assert_eq!(recent.count(start + WINDOW, WINDOW), 1);
        assert_eq!(recent.count(start + WINDOW + secs(3), WINDOW), 0);
    }

    #[test]
    fn the_oldest_makes_room() {
        let (start, mut recent) = (start(), Recent::new());
        for second in 0..5 {
            recent.push(start + secs(second), 3);
        }
        assert_eq!(recent.count(start + secs(4), WINDOW), 3);
        assert_eq!(recent.count(start + secs(12), WINDOW), 2);
        recent.push(start + secs(12), 0);
        assert_eq!(recent.count(start + secs(12), WINDOW), 1);
    }

    #[test]
    fn what_is_taken_back_did_not_happen() {
        let (start, mut recent) = (start(), Recent::new());
        let first = recent.push(start, 10);
        let second = recent.push(start, 10);
        recent.push(start + secs(5), 10);
        recent.take_back(second);
        recent.take_back(second);
        assert_eq!(recent.count(start + secs(5), WINDOW), 2);
        assert_eq!(recent.count(start + WINDOW, WINDOW), 1);
        recent.take_back(first);
        assert_eq!(recent.count(start + WINDOW, WINDOW), 1);
    }

    #[test]
    fn a_number_from_before_clearing_is_nowhere() {
        let (start, mut recent) = (start(), Recent::new());
        let number = recent.push(start, 10);
        recent.clear();
        assert_eq!(recent.count(start, WINDOW), 0);
        recent.push(start, 10);
        recent.take_back(number);
        assert_eq!(recent.count(start, WINDOW), 1);
    }

    #[test]
    fn a_clock_that_goes_back_restarts_the_window_for_what_happened_later() {
        let (start, mut recent) = (start(), Recent::new());
        recent.push(start, 10);
        recent.push(start + secs(8), 10);
        assert_eq!(recent.count(start + secs(2), WINDOW), 2);
        assert_eq!(recent.count(start + secs(11), WINDOW), 1);
        assert_eq!(recent.count(start + secs(12), WINDOW), 0);
        // Also when the first thing after it is that it happens again.
        recent.push(start + secs(100), 10);
        recent.push(start, 10);
        assert_eq!(recent.count(start + WINDOW, WINDOW), 0);
    }

    #[test]
    fn a_look_forgets_nothing_and_restarts_nothing() {
        let (earlier, mut recent) = (start(), Recent::new());
        let start = earlier + secs(100);
        recent.push(start, 10);
        recent.push(start + secs(8), 10);
        assert_eq!(recent.peek(start + WINDOW, WINDOW), 1);
        assert_eq!(recent.peek(start + secs(100), WINDOW), 0);
        assert_eq!(recent.peek(earlier, WINDOW), 2);
        assert_eq!(recent.count(start + secs(9), WINDOW), 2);
        assert_eq!(recent.count(start + WINDOW, WINDOW), 1);
    }

    #[test]
    fn the_longest_window_never_passes() {
        let (start, mut recent) = (start(), Recent::new());
        recent.push(start, 10);
        assert_eq!(
            recent.count(start + secs(100 * 365 * 24 * 60 * 60), Duration::MAX),
            1
        );
        assert_eq!(recent.count(start, Duration::ZERO), 0);
    }
}
