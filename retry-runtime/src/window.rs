//! How many of each kind in the last so-and-so-many seconds, in constant space.

use std::time::{Duration, Instant};

/// Twenty slices: what is counted leaves at most a twentieth of the span too early, and a window of two counters takes less than a kilobyte.
const SLICES: usize = 20;

/// [`SLICES`], as [`Duration`] multiplies.
const SLICES_PER_SPAN: u32 = 20;

/// Counts over a rolling span of time, in slices that are forgotten as a whole.
///
/// A slice begins with the first entry that the one before has no room for, and is forgotten when its beginning is a span ago. So nothing
/// counts longer than the span, and everything at least nineteen twentieths of it.
///
/// Whoever reads a clock for it reads it while holding the lock that guards the window; then readings never arrive out of order. A reading
/// before an earlier one is of a clock that went back, or of another clock: what was counted later counts as if it had been at that reading.
#[derive(Debug)]
pub(crate) struct Window<const COUNTERS: usize> {
    /// Oldest first, free places last. Each begins at least a twentieth of the span after the one before, so that these places suffice.
    slices: [Option<Slice<COUNTERS>>; SLICES],
    len: usize,
    /// What all slices count together, so that nobody has to add them up while none of them is over.
    totals: [u64; COUNTERS],
    next: u64,
}

#[derive(Clone, Copy, Debug)]
struct Slice<const COUNTERS: usize> {
    begins: Instant,
    counts: [u64; COUNTERS],
    /// The places that are in this slice: more than its own if a clock that went back has made one slice of several.
    first: u64,
    last: u64,
}

/// Where something was counted, to take it back from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(pub(crate) u64);

impl<const COUNTERS: usize> Window<COUNTERS> {
    pub(crate) const fn new() -> Self {
        Self {
            slices: [None; SLICES],
            len: 0,
            totals: [0; COUNTERS],
            next: 0,
        }
    }

    /// Adds to a counter.
    pub(crate) fn add(
        &mut self,
        now: Instant,
        span: Duration,
        counter: usize,
        amount: u64,
    ) -> Place {
        self.forget(now, span);
        let newest = self.newest();
        let (index, mut slice) = newest
            .filter(|(_, newest)| newest.has_room_at(now, span))
            .unwrap_or_else(|| self.begin(now));
        slice.counts[counter] = slice.counts[counter].saturating_add(amount);
        self.totals[counter] = self.totals[counter].saturating_add(amount);
        self.slices[index] = Some(slice);
        Place(slice.last)
    }

    /// What was counted in the span that ends now.
    pub(crate) fn totals(&mut self, now: Instant, span: Duration) -> [u64; COUNTERS] {
        self.forget(now, span);
        self.peek(now, span)
    }

    /// The same for somebody whose look must not change anything.
    pub(crate) fn peek(&self, now: Instant, span: Duration) -> [u64; COUNTERS] {
        let mut totals = self.totals;
        let slices = self.slices[..self.len].iter().flatten();
        for slice in slices.take_while(|slice| slice.is_over_at(now, span)) {
            slice.leave(&mut totals);
        }
        totals
    }

    /// What was counted, some of it perhaps more than the span ago: all that has not been forgotten yet.
    pub(crate) const fn held(&self) -> [u64; COUNTERS] {
        self.totals
    }

    /// Undoes an [`add`](Self::add); what has been forgotten stays forgotten.
    pub(crate) fn take_back(&mut self, place: Place, counter: usize, amount: u64) {
        let mut slices = self.slices.iter_mut().flatten();
        if let Some(slice) = slices.find(|slice| slice.holds(place)) {
            let amount = amount.min(slice.counts[counter]);
            slice.counts[counter] -= amount;
            self.totals[counter] = self.totals[counter].saturating_sub(amount);
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        // Not the numbers of the places: one from before must not be found in a slice from after.
        self.slices = [None; SLICES];
        self.len = 0;
        self.totals = [0; COUNTERS];
    }

    /// A slice that begins now, and where it is.
    fn begin(&mut self, now: Instant) -> (usize, Slice<COUNTERS>) {
        let slice = Slice {
            begins: now,
            counts: [0; COUNTERS],
            first: self.next,
            last: self.next,
        };
        self.next = self.next.wrapping_add(1);
        (self.append(slice), slice)
    }

    fn forget(&mut self, now: Instant, span: Duration) {
        self.rewind(now, span);
        let slices = self.slices[..self.len].iter().flatten();
        let gone = slices
            .take_while(|slice| slice.is_over_at(now, span))
            .count();
        self.drop_oldest(gone);
    }

    /// Makes one slice of all that begin later than now, the one that would have been if the clock had stood still since.
    fn rewind(&mut self, now: Instant, span: Duration) {
        let mut later: Option<Slice<COUNTERS>> = None;
        while let Some((index, newest)) = self.newest() {
            if newest.begins <= now {
                break;
            }
            self.slices[index] = None;
            self.len = index;
            later = Some(match later {
                Some(later) => newest.joined_by(&later),
                None => newest,
            });
        }
        let Some(mut later) = later else { return };
        later.begins = now;
        match self.newest() {
            Some((index, newest)) if newest.has_room_at(now, span) => {
                self.slices[index] = Some(newest.joined_by(&later));
            }
            _ => {
                self.append(later);
            }
        }
    }

    fn newest(&self) -> Option<(usize, Slice<COUNTERS>)> {
        let index = self.len.checked_sub(1)?;
        self.slices[index].map(|slice| (index, slice))
    }

    /// Puts a slice after the newest, and says where that is.
    fn append(&mut self, slice: Slice<COUNTERS>) -> usize {
        if self.len == SLICES {
            // Only if the span has become longer since.
            self.drop_oldest(1);
        }
        let index = self.len;
        self.slices[index] = Some(slice);
        self.len += 1;
        index
    }

    fn drop_oldest(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        for slice in self.slices[..count].iter_mut().filter_map(Option::take) {
            slice.leave(&mut self.totals);
        }
        self.slices.rotate_left(count);
        self.len -= count;
    }
}

/// [`Window::new`].
impl<const COUNTERS: usize> Default for Window<COUNTERS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const COUNTERS: usize> Slice<COUNTERS> {
    fn has_room_at(&self, now: Instant, span: Duration) -> bool {
        let age = now.saturating_duration_since(self.begins);
        age.saturating_mul(SLICES_PER_SPAN) < span
    }

    fn is_over_at(&self, now: Instant, span: Duration) -> bool {
        now.saturating_duration_since(self.begins) >= span
    }

    /// Takes what it counts off the totals.
    fn leave(&self, totals: &mut [u64; COUNTERS]) {
        for (total, count) in totals.iter_mut().zip(self.counts) {
            *total = total.saturating_sub(count);
        }
    }

    fn holds(&self, place: Place) -> bool {
        (self.first..=self.last).contains(&place.0)
    }

    fn joined_by(mut self, later: &Self) -> Self {
        for (count, more) in self.counts.iter_mut().zip(later.counts) {
            *count = count.saturating_add(more);
        }
        self.last = later.last;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPAN: Duration = Duration::from_secs(10);

    /// Far enough from the beginning of the monotonic clock that a test can go back.
    fn start() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_slices_fill_the_span() {
        assert_eq!(u32::try_from(SLICES), Ok(SLICES_PER_SPAN));
    }

    #[test]
    fn nothing_counts_longer_than_the_span() {
        let (start, mut window) = (start(), Window::<1>::new());
        window.add(start, SPAN, 0, 7);
        assert_eq!(
            window.totals(start + Duration::new(9, 999_999_999), SPAN),
            [7]
        );
        assert_eq!(window.totals(start + SPAN, SPAN), [0]);
    }

    #[test]
    fn the_last_of_a_slice_leaves_with_the_first() {
        let (start, mut window) = (start(), Window::<1>::new());
        window.add(start, SPAN, 0, 1);
        window.add(start + millis(499), SPAN, 0, 1);
        window.add(start + millis(500), SPAN, 0, 1);
        assert_eq!(window.totals(start + SPAN, SPAN), [1]);
        assert_eq!(window.totals(start + SPAN + millis(500), SPAN), [0]);
    }

    #[test]
    fn counters_are_apart() {
        let (start, mut window) = (start(), Window::<3>::new());
        window.add(start, SPAN, 0, 1);
        window.add(start, SPAN, 2, 5);
        assert_eq!(window.totals(start, SPAN), [1, 0, 5]);
    }

    #[test]
    fn what_is_taken_back_is_taken_from_where_it_was_counted() {
        let (start, mut window) = (start(), Window::<1>::new());
        let first = window.add(start, SPAN, 0, 1);
        window.add(start + millis(9_000), SPAN, 0, 1);
        window.take_back(first, 0, 1);
        assert_eq!(window.totals(start + millis(9_000), SPAN), [1]);
        assert_eq!(window.totals(start + SPAN, SPAN), [1]);
        // Its slice is gone, so there is nothing to take it from.
        window.take_back(first, 0, 1);
        assert_eq!(window.totals(start + SPAN, SPAN), [1]);
    }

    #[test]
    fn a_place_from_before_clearing_is_nowhere() {
        let (start, mut window) = (start(), Window::<1>::new());
        let place = window.add(start, SPAN, 0, 1);
        window.clear();
        assert_eq!(window.totals(start, SPAN), [0]);
        window.add(start, SPAN, 0, 1);
        window.take_back(place, 0, 1);
        assert_eq!(window.totals(start, SPAN), [1]);
    }

    #[test]
    fn a_clock_that_goes_back_restarts_the_span_for_what_was_counted_later() {
        let (start, mut window) = (start(), Window::<1>::new());
        window.add(start, SPAN, 0, 1);
        let later = window.add(start + millis(8_000), SPAN, 0, 2);
        let last = window.add(start + millis(9_000), SPAN, 0, 4);
        assert_eq!(window.totals(start + millis(2_000), SPAN), [7]);
        assert_eq!(window.totals(start + millis(11_999), SPAN), [6]);
        window.take_back(later, 0, 2);
        assert_eq!(window.totals(start + millis(11_999), SPAN), [4]);
        window.take_back(last, 0, 3);
        assert_eq!(window.totals(start + millis(11_999), SPAN), [1]);
        assert_eq!(window.totals(start + millis(12_000), SPAN), [0]);
    }

    #[test]
    fn a_look_forgets_nothing_and_restarts_nothing() {
        let (earlier, mut window) = (start(), Window::<1>::new());
        let start = earlier + SPAN;
        window.add(start, SPAN, 0, 1);
        window.add(start + millis(8_000), SPAN, 0, 2);
        assert_eq!(window.peek(start + SPAN, SPAN), [2]);
        assert_eq!(window.peek(start + SPAN * 10, SPAN), [0]);
        assert_eq!(window.peek(earlier, SPAN), [3]);
        assert_eq!(window.totals(start + millis(9_000), SPAN), [3]);
        assert_eq!(window.totals(start + SPAN, SPAN), [2]);
    }

    #[test]
    fn counts_saturate() {
        let (start, mut window) = (start(), Window::<1>::new());
        for second in 0..3 {
            window.add(start + millis(second * 1_000), SPAN, 0, u64::MAX);
            window.add(start + millis(second * 1_000), SPAN, 0, u64::MAX);
        }
        assert_eq!(window.totals(start + millis(2_000), SPAN), [u64::MAX]);
    }

    #[test]
    fn the_longest_and_the_shortest_span_are_spans() {
        let (start, mut window) = (start(), Window::<1>::new());
        let century = Duration::from_secs(100 * 365 * 24 * 60 * 60);
        window.add(start, Duration::MAX, 0, 1);
        assert_eq!(window.totals(start + century, Duration::MAX), [1]);

        window.clear();
        let nano = Duration::from_nanos(1);
        window.add(start, nano, 0, 1);
        assert_eq!(window.totals(start, nano), [1]);
        assert_eq!(window.totals(start + nano, nano), [0]);
        window.add(start, Duration::ZERO, 0, 1);
        assert_eq!(window.totals(start, Duration::ZERO), [0]);
    }

    #[test]
    fn a_span_that_grows_breaks_nothing() {
        let (start, mut window) = (start(), Window::<1>::new());
        for tick in 0..100 {
            window.add(start + millis(tick), millis(20), 0, 1);
        }
        assert_eq!(window.totals(start + millis(99), SPAN), [20]);
        window.add(start + millis(600), SPAN, 0, 1);
        assert_eq!(window.totals(start + millis(600), SPAN), [20]);
    }

    /// The same as a list without any bound: each entry with the beginning of its slice.
    #[derive(Default)]
    struct Plain {
        entries: Vec<(Instant, u64, u64)>,
        begins: Option<Instant>,
    }

    impl Plain {
        fn rewind(&mut self, now: Instant, span: Duration) {
            if self.begins.is_none_or(|begins| begins <= now) {
                return;
            }
            let earlier = self.entries.iter().map(|entry| entry.0);
            let room = |begins: &Instant| (now - *begins) * 20 < span;
            let joined = earlier.filter(|begins| *begins <= now).max().filter(room);
            let begins = joined.unwrap_or(now);
            for entry in self.entries.iter_mut().filter(|entry| entry.0 > now) {
                entry.0 = begins;
            }
            self.begins = Some(begins);
        }

        fn add(&mut self, now: Instant, span: Duration, id: u64, amount: u64) {
            self.rewind(now, span);
            if self.begins.is_none_or(|begins| (now - begins) * 20 >= span) {
                self.begins = Some(now);
            }
            self.entries
                .extend(self.begins.map(|begins| (begins, id, amount)));
        }

        fn total(&mut self, now: Instant, span: Duration) -> u64 {
            self.rewind(now, span);
            self.entries.retain(|entry| now - entry.0 < span);
            if self.entries.is_empty() {
                self.begins = None;
            }
            self.entries.iter().map(|entry| entry.2).sum()
        }

        fn take_back(&mut self, id: u64) {
            for entry in &mut self.entries {
                if entry.1 == id {
                    entry.2 = 0;
                }
            }
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Forward(u64),
        Back(u64),
        Add(u64),
        TakeBack(prop::sample::Index),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..1_500_u64).prop_map(Step::Forward),
            1 => (1_500..30_000_u64).prop_map(Step::Forward),
            2 => (0..4_000_u64).prop_map(Step::Back),
            8 => (0..5_u64).prop_map(Step::Add),
            3 => any::<prop::sample::Index>().prop_map(Step::TakeBack),
        ]
    }

    proptest! {
        #[test]
        fn a_window_counts_what_a_list_without_bound_counts(steps in prop::collection::vec(any_step(), 1..300)) {
            let (start, mut window, mut plain) = (start(), Window::<2>::new(), Plain::default());
            let mut at = 600_000_u64;
            let mut places = Vec::new();
            for (id, step) in (0..).zip(steps) {
                let now = start + millis(at);
                match step {
                    Step::Forward(by) => at += by,
                    Step::Back(by) => at = at.saturating_sub(by),
                    Step::Add(amount) => {
                        plain.total(now, SPAN);
                        places.push((window.add(now, SPAN, 1, amount), id, amount));
                        plain.add(now, SPAN, id, amount);
                    }
                    Step::TakeBack(index) if !places.is_empty() => {
                        let (place, id, amount) = places.swap_remove(index.index(places.len()));
                        window.take_back(place, 1, amount);
                        plain.take_back(id);
                    }
                    Step::TakeBack(_) => {}
                }
                let now = start + millis(at);
                prop_assert_eq!(window.totals(now, SPAN), [0, plain.total(now, SPAN)]);
            }
        }
    }
}
