//! The state machine: who may enter, who queues, and who is next.

use std::mem;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::task::Waker;

use super::tally::Tally;
use super::word::Word;
use crate::sync::{AtomicU64, Mutex, MutexGuard};
use crate::waiters::Waiters;
use crate::wake::wake_all;

/// Admits at most so many at a time, the others in the order in which they came.
///
/// Who finds room enters, and leaves, by one atomic step and without the lock, as long as nobody queues. Once somebody does, everybody takes
/// the lock.
pub(super) struct Gate {
    /// A [`Word`]. At every unlock of `line`, its flag is set exactly if somebody is in `line.waiting`. The flag changes only under the lock.
    /// While it is set there is no room, and all of the word changes only under the lock: nobody enters past a queue, as there is no room, and
    /// who leaves hands over. So there is no moment at which a permit is free and somebody waits for it.
    ///
    /// Entering acquires what leaving releases: what a holder has done is seen by the one who gets the permit.
    word: AtomicU64,
    /// Those who have got a permit and are no entries of the word. Entries move here under the lock. Nothing else depends on it, so relaxed
    /// order suffices.
    acquired: AtomicU64,
    line: Mutex<Line>,
}

struct Line {
    limit: u32,
    /// Who has a number and is not here any more has been granted a permit, which nobody takes back: a number leaves by a grant, or with the one
    /// who has it.
    waiting: Waiters,
    tally: Tally,
}

impl Line {
    const fn new(limit: u32) -> Self {
        Self {
            limit,
            waiting: Waiters::new(),
            tally: Tally::new(),
        }
    }

    fn len(&self) -> u32 {
        // The length is bounded by a `u32`, see `join`.
        u32::try_from(self.waiting.len()).unwrap_or(u32::MAX)
    }
}

/// What a gate looks like at a moment.
pub(super) struct Moment {
    /// The holders.
    pub(super) in_use: u32,
    pub(super) limit: u32,
    pub(super) queued: u32,
    /// Those who have got a permit, ever.
    pub(super) acquired: u64,
}

/// How somebody came to the gate.
pub(super) enum Joined {
    /// He is in: there was room.
    Entered,
    /// He waits, with this number.
    Waits(u64),
}

/// Those whose permit has been granted, to be woken once the lock is gone.
#[must_use]
struct Granted(Vec<Waker>);

impl Granted {
    fn wake(self) {
        wake_all(self.0);
    }
}

impl Gate {
    #[cfg(not(retry_loom))]
    pub(super) const fn new(limit: u32) -> Self {
        Self {
            word: AtomicU64::new(Word::new(limit).0),
            acquired: AtomicU64::new(0),
            line: Mutex::new(Line::new(limit)),
        }
    }

    /// Loom's types cannot be made in a `const fn`.
    #[cfg(retry_loom)]
    pub(super) fn new(limit: u32) -> Self {
        Self {
            word: AtomicU64::new(Word::new(limit).0),
            acquired: AtomicU64::new(0),
            line: Mutex::new(Line::new(limit)),
        }
    }

    /// How many may be inside.
    pub(super) fn limit(&self) -> u32 {
        self.lock().limit
    }

    /// Gets a permit, if there is room, and nobody before him.
    #[inline]
    pub(super) fn acquire(&self) -> bool {
        match self.update(|word| word.entered().map(Word::with_entry)) {
            Ok(before) => {
                if before.has_many_entries() {
                    self.take_entries();
                }
                true
            }
            Err(_) => false,
        }
    }

    /// As [`acquire`](Self::acquire), for somebody who does not have the permit yet.
    pub(super) fn enter(&self) -> bool {
        self.update(Word::entered).is_ok()
    }

    /// Somebody who has entered has taken his permit.
    pub(super) fn count_acquired(&self) {
        self.acquired.fetch_add(1, Ordering::Relaxed);
    }

    /// As if so many had entered and left.
    #[cfg(all(test, retry_loom))]
    pub(super) fn pretend_entries(&self, entries: u64) {
        let word = Word(self.word.load(Ordering::Relaxed));
        self.word
            .store(word.with_entries(entries).0, Ordering::Relaxed);
    }

    /// Makes room for more entries.
    #[cold]
    fn take_entries(&self) {
        let line = self.lock();
        let before = self.update(|word| Some(word.without_entries()));
        let (Ok(before) | Err(before)) = before;
        self.acquired.fetch_add(before.entries(), Ordering::Relaxed);
        drop(line);
    }

    /// Gives a permit back, or to the next in line.
    #[inline]
    pub(super) fn leave(&self) {
        let past_queue = self.update(|word| (!word.is_queued()).then(|| word.left()));
        if past_queue.is_err() {
            self.leave_to_next();
        }
    }

    #[cold]
    fn leave_to_next(&self) {
        let mut line = self.lock();
        let granted = self.settle(&mut line, Word::left);
        drop(line);
        granted.wake();
    }

    /// Goes to the end of the line, if fewer than `longest` are in it, or in, if there is room after all.
    pub(super) fn join(&self, longest: u32) -> Option<Joined> {
        let mut line = self.lock();
        let has_place = line.len() < longest;
        let before = self.update(|word| {
            word.entered()
                .or_else(|| has_place.then(|| word.with_queued(true)))
        });
        if before.ok()?.entered().is_some() {
            return Some(Joined::Entered);
        }
        Some(Joined::Waits(line.waiting.join(Waker::noop().clone())))
    }

    /// Whether somebody who waits has been granted his permit. If not, `waker` is kept in the place of an older one.
    pub(super) fn is_granted(&self, number: u64, waker: Option<Waker>) -> bool {
        let mut line = self.lock();
        let Some(kept) = line.waiting.waker(number) else {
            return true;
        };
        let replaced = waker.map(|waker| mem::replace(kept, waker));
        drop(line);
        // Not under the lock: the last waker of a task may drop the task, and with it another ticket of this bulkhead.
        drop(replaced);
        false
    }

    /// Takes somebody who does not want to wait any more out of the line. If his permit has just been granted, it is given away as by
    /// [`leave`](Self::leave).
    pub(super) fn give_up(&self, number: u64, record: impl FnOnce(&mut Tally)) {
        let mut line = self.lock();
        let removed = line.waiting.leave(number);
        let granted = match removed {
            Some(_) => self.settle(&mut line, |word| word),
            None => self.settle(&mut line, Word::left),
        };
        record(&mut line.tally);
        drop(line);
        // Not under the lock, as above.
        drop(removed);
        granted.wake();
    }

    pub(super) fn resize(&self, limit: u32) {
        let mut line = self.lock();
        let before = mem::replace(&mut line.limit, limit);
        let granted = self.settle(&mut line, |word| word.with_limit(before, limit));
        drop(line);
        granted.wake();
    }

    pub(super) fn record(&self, record: impl FnOnce(&mut Tally)) {
        record(&mut self.lock().tally);
    }

    /// Shows a moment at which nobody joins, waits less or is recorded.
    pub(super) fn inspect<R>(&self, look: impl FnOnce(&Tally, Moment) -> R) -> R {
        let line = self.lock();
        let word = Word(self.word.load(Ordering::Acquire));
        let moment = Moment {
            in_use: word.in_use(line.limit),
            limit: line.limit,
            queued: line.len(),
            acquired: self.acquired.load(Ordering::Relaxed) + word.entries(),
        };
        look(&line.tally, moment)
    }

    /// Changes the word, and grants what has become free to those who are next. The only place where a grant is made.
    fn settle(&self, line: &mut Line, change: impl Fn(Word) -> Word) -> Granted {
        let waiting = line.len();
        let mut grants = 0;
        // Never refused. Repeated only while the flag is not set; then nobody waits, and there are no grants.
        let _ = self.update(|word| {
            let word = change(word);
            grants = word.room().min(waiting);
            Some(word.with_more(grants).with_queued(waiting > grants))
        });
        let next = (0..grants).filter_map(|_| line.waiting.leave_first());
        Granted(next.collect())
    }

    /// Changes the word in one step, unless `change` says no; the word before.
    #[inline]
    fn update(&self, mut change: impl FnMut(Word) -> Option<Word>) -> Result<Word, Word> {
        let change = |word| Some(change(Word(word))?.0);
        self.word
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, change)
            .map(Word)
            .map_err(Word)
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        // Nothing under the lock panics half-way: wakers are cloned, dropped and woken outside of it.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
