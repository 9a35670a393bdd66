//! Those who wait, in the order in which they came.

use std::collections::VecDeque;
use std::mem;
use std::task::Waker;

/// A queue that anybody may leave from any place, without a look at all the others.
///
/// It is kept under somebody's lock. What it gives back is a waker, to be dropped or woken once the lock is gone: the last waker of a task may
/// drop the task, and with it another one who waits here.
#[derive(Default)]
pub(crate) struct Waiters {
    /// By number.
    places: VecDeque<Place>,
    next_number: u64,
    /// How many places are not empty.
    waiting: usize,
}

struct Place {
    /// Grows from place to place, and is never given again.
    number: u64,
    /// None once he has gone.
    waker: Option<Waker>,
}

impl Waiters {
    /// Below this the memory of those who have gone is not given back.
    const FEW: usize = 16;

    pub(crate) const fn new() -> Self {
        Self {
            places: VecDeque::new(),
            next_number: 0,
            waiting: 0,
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting
    }

    /// Goes to the end of the queue, and gets a number.
    pub(crate) fn join(&mut self, waker: Waker) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        let waker = Some(waker);
        self.places.push_back(Place { number, waker });
        self.waiting += 1;
        number
    }

    /// What wakes somebody. `None` if he does not wait any more.
    pub(crate) fn waker(&mut self, number: u64) -> Option<&mut Waker> {
        self.place(number)?.waker.as_mut()
    }

    /// Takes somebody out of the queue. `None` if he does not wait any more.
    pub(crate) fn leave(&mut self, number: u64) -> Option<Waker> {
        let waker = self.place(number)?.waker.take()?;
        self.has_gone();
        Some(waker)
    }

    /// Takes the one who has waited longest out of the queue.
    pub(crate) fn leave_first(&mut self) -> Option<Waker> {
        while let Some(place) = self.places.pop_front() {
            if let Some(waker) = place.waker {
                self.has_gone();
                return Some(waker);
            }
        }
        None
    }

    /// Takes everybody out of the queue.
    pub(crate) fn leave_all(&mut self) -> Vec<Waker> {
        self.waiting = 0;
        let places = mem::take(&mut self.places);
        places.into_iter().filter_map(|place| place.waker).collect()
    }

    fn place(&mut self, number: u64) -> Option<&mut Place> {
        let found = self
            .places
            .binary_search_by_key(&number, |place| place.number);
        self.places.get_mut(found.ok()?)
    }

    /// Closes the gaps once they are more than those who wait: so each who leaves has paid for one gap.
    fn has_gone(&mut self) {
        self.waiting -= 1;
        if self.places.len() - self.waiting > self.waiting {
            self.places.retain(|place| place.waker.is_some());
            self.places.shrink_to(2 * self.waiting.max(Self::FEW));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Join,
        Leave(u64),
        LeaveFirst,
        Look(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => Just(Step::Join),
            2 => (0_u64..40).prop_map(Step::Leave),
            1 => Just(Step::LeaveFirst),
            1 => (0_u64..40).prop_map(Step::Look),
        ]
    }

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    proptest! {
        #[test]
        fn it_is_a_set_of_numbers_in_their_order(steps in prop::collection::vec(step(), 0..120)) {
            let (mut waiters, mut model) = (Waiters::new(), BTreeSet::new());
            let woken = Arc::new(Count::default());
            for step in steps {
                match step {
                    Step::Join => {
                        let waker = Waker::from(Arc::clone(&woken));
                        let number = waiters.join(waker);
                        prop_assert!(model.insert(number));
                    }
                    Step::Leave(number) => {
                        let left = waiters.leave(number).is_some();
                        prop_assert_eq!(left, model.remove(&number));
                    }
                    Step::LeaveFirst => {
                        let first = model.pop_first();
                        prop_assert_eq!(waiters.leave_first().is_some(), first.is_some());
                        if let Some(number) = first {
                            prop_assert!(waiters.waker(number).is_none());
                        }
                    }
                    Step::Look(number) => {
                        let waits = waiters.waker(number).is_some();
                        prop_assert_eq!(waits, model.contains(&number));
                    }
                }
                prop_assert_eq!(waiters.len(), model.len());
                prop_assert!(waiters.places.len() <= 2 * waiters.len());
            }
            waiters.leave_all().into_iter().for_each(Waker::wake);
            prop_assert_eq!(waiters.len(), 0);
            prop_assert_eq!(woken.0.load(Ordering::Relaxed), model.len());
        }
    }

    #[test]
    fn memory_of_a_crowd_is_given_back() {
        let mut waiters = Waiters::new();
        let numbers: Vec<u64> = (0..10_000)
            .map(|_| waiters.join(Waker::noop().clone()))
            .collect();
        for number in numbers {
            waiters.leave(number);
        }
        assert!(waiters.places.capacity() <= 4 * Waiters::FEW);
    }
}
