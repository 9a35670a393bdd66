//! Whether the last attempt of a policy can start before the deadline at all.

use std::time::Duration;

use super::Policy;
use super::sources::{SLOTS, Source};

/// How many delays are looked at one by one. Growing backoffs are at their `max` long before;
/// more would only slow the compiler down.
const STEPS: usize = 1_000;

impl Policy {
    /// Whether the last attempt starts at or after the deadline in every mix of failures.
    ///
    /// Takes the shortest delay that any backoff can give next, again and again: as delays only
    /// grow, no mix is cheaper. For a schedule that shrinks, next to other backoffs, the shortest
    /// of all its delays to come is taken, and past [`STEPS`] the shortest to come of any backoff
    /// stands for each that is left. Both can only be too early, so no policy is refused wrongly.
    pub(super) const fn last_attempt_misses(&self, deadline: Duration) -> bool {
        let Some(mut retries) = self.possible_retries() else {
            return false;
        };
        let deadline = deadline.as_nanos();
        let mut plan = Plan::new(self.sources());
        let mut start = 0_u128;
        let mut steps = STEPS;
        while retries > 0 && start < deadline {
            if steps == 0 {
                let shortest = plan.shortest_to_come();
                return start.saturating_add(shortest.saturating_mul(retries as u128)) >= deadline;
            }
            let slot = plan.cheapest();
            start = start.saturating_add(plan.next[slot]);
            steps = steps.saturating_sub(plan.take(slot));
            retries -= 1;
        }
        start >= deadline
    }
}

/// How far each backoff was drawn on.
struct Plan<'a> {
    sources: [Option<Source<'a>>; SLOTS],
    given: [u32; SLOTS],
    /// A delay that the next one of each backoff does not fall short of; the greatest number
    /// where there is none.
    next: [u128; SLOTS],
    /// With one backoff alone there is no choice, so its delays are taken as they come.
    alone: bool,
}

impl<'a> Plan<'a> {
    const fn new(sources: [Option<Source<'a>>; SLOTS]) -> Self {
        let mut plan = Self {
            sources,
            given: [0; SLOTS],
            next: [u128::MAX; SLOTS],
            alone: true,
        };
        let mut in_play = 0;
        let mut slot = 0;
        while slot < SLOTS {
            if sources[slot].is_some() {
                in_play += 1;
            }
            slot += 1;
        }
        plan.alone = in_play == 1;
        slot = 0;
        while slot < SLOTS {
            plan.look_ahead(slot);
            slot += 1;
        }
        plan
    }

    const fn look_ahead(&mut self, slot: usize) {
        self.next[slot] = match self.sources[slot] {
            Some(source) if self.given[slot] < source.delays => {
                let n = self.given[slot] + 1;
                if self.alone {
                    source.backoff.bounds(n).0.as_nanos()
                } else {
                    source.backoff.lowest_from(n).as_nanos()
                }
            }
            _ => u128::MAX,
        };
    }

    const fn cheapest(&self) -> usize {
        let mut cheapest = 0;
        let mut slot = 1;
        while slot < SLOTS {
            if self.next[slot] < self.next[cheapest] {
                cheapest = slot;
            }
            slot += 1;
        }
        cheapest
    }

    /// Takes the next delay of a backoff; returns what that costs in steps.
    const fn take(&mut self, slot: usize) -> usize {
        self.given[slot] += 1;
        self.look_ahead(slot);
        match self.sources[slot] {
            Some(source) if !self.alone => source.backoff.length(),
            _ => 1,
        }
    }

    const fn shortest_to_come(&mut self) -> u128 {
        self.alone = false;
        let mut slot = 0;
        while slot < SLOTS {
            self.look_ahead(slot);
            slot += 1;
        }
        self.next[self.cheapest()]
    }
}
