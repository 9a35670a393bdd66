//! The room that is left, whether anybody queues and how many have entered, in one number, so that an admission is one atomic step.

/// The most that the limit can be.
pub(super) const MOST: u32 = u32::MAX >> 1;

const ROOM: u64 = u32::MAX as u64;
const NO_ROOM: u64 = 1 << 31;
const QUEUED: u64 = 1 << 32;
const ENTRY: u64 = 1 << 33;
const ENTRIES_AT: u32 = 33;
const MANY_ENTRIES: u64 = 1 << 63;

/// From the lowest bit: 32 bits of room, which is the limit without the holders and less than zero when the limit has been lowered below them,
/// so that it is written as 2³¹ more; one bit that says that somebody queues; 31 bits of those who have entered and are not counted elsewhere.
///
/// The limit is no part of it: it changes under the lock only, and the room with it.
#[derive(Clone, Copy)]
pub(super) struct Word(pub(super) u64);

impl Word {
    /// Nobody inside, nobody queueing. The limit is at most [`MOST`].
    pub(super) const fn new(limit: u32) -> Self {
        Self(NO_ROOM + limit as u64)
    }

    /// The holders: those inside, and those whose permit waits for them to take it.
    pub(super) const fn in_use(self, limit: u32) -> u32 {
        let in_use = NO_ROOM + limit as u64 - (self.0 & ROOM);
        low(in_use)
    }

    #[inline]
    pub(super) const fn is_queued(self) -> bool {
        self.0 & QUEUED != 0
    }

    /// How many more could be inside. None when the limit has been lowered below the holders.
    pub(super) const fn room(self) -> u32 {
        low((self.0 & ROOM).saturating_sub(NO_ROOM))
    }

    /// With one holder more, if there is room. Nobody is overtaken: while somebody queues there is none.
    #[inline]
    pub(super) const fn entered(self) -> Option<Self> {
        if self.0 & ROOM <= NO_ROOM {
            return None;
        }
        debug_assert!(!self.is_queued(), "there is room, and somebody queues");
        Some(Self(self.0 - 1))
    }

    /// With one more who has entered. There is a bit to spare for those who come before they are taken off.
    #[inline]
    pub(super) const fn with_entry(self) -> Self {
        Self(self.0.wrapping_add(ENTRY))
    }

    /// Whether it is time to count those who have entered elsewhere.
    #[inline]
    pub(super) const fn has_many_entries(self) -> bool {
        self.0 & MANY_ENTRIES != 0
    }

    pub(super) const fn entries(self) -> u64 {
        self.0 >> ENTRIES_AT
    }

    #[cfg(test)]
    pub(super) const fn with_entries(self, entries: u64) -> Self {
        Self(self.without_entries().0 + (entries << ENTRIES_AT))
    }

    pub(super) const fn without_entries(self) -> Self {
        Self(self.0 & (ENTRY - 1))
    }

    /// With one holder less. There is one: who leaves.
    #[inline]
    pub(super) const fn left(self) -> Self {
        Self(self.0 + 1)
    }

    /// With as many more holders; there is [`room`](Self::room) for them.
    pub(super) const fn with_more(self, holders: u32) -> Self {
        Self(self.0 - holders as u64)
    }

    /// With the room that another limit leaves.
    pub(super) const fn with_limit(self, before: u32, limit: u32) -> Self {
        Self(self.0 + limit as u64 - before as u64)
    }

    pub(super) const fn with_queued(self, queued: bool) -> Self {
        Self(if queued {
            self.0 | QUEUED
        } else {
            self.0 & !QUEUED
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "neither the room nor the holders are more than the limit can be"
)]
const fn low(number: u64) -> u32 {
    number as u32
}

#[cfg(all(test, not(retry_loom)))]
mod tests {
    use super::{MOST, Word};

    #[test]
    fn a_limit_below_the_holders_leaves_no_room_until_enough_have_left() {
        let full = Word::new(MOST).with_more(MOST);
        assert_eq!((full.room(), full.in_use(MOST)), (0, MOST));
        assert!(full.entered().is_none());

        let lowered = full.with_limit(MOST, 1);
        assert_eq!((lowered.room(), lowered.in_use(1)), (0, MOST));
        assert_eq!(lowered.left().in_use(1), MOST - 1);

        let raised = lowered.left().with_limit(1, MOST);
        assert_eq!((raised.room(), raised.in_use(MOST)), (1, MOST - 1));
        assert!(raised.entered().is_some());
    }

    #[test]
    fn entries_change_nothing_else_however_many_they_are() {
        let mut word = Word::new(2).with_more(1);
        for entries in [0, 1 << 30, (1 << 31) - 1] {
            word = word.with_entries(entries);
            assert_eq!((word.entries(), word.in_use(2)), (entries, 1));
            assert_eq!(word.has_many_entries(), entries >= 1 << 30);
        }
        let wrapped = word.with_entry();
        assert_eq!((wrapped.entries(), wrapped.in_use(2)), (0, 1));
    }
}
