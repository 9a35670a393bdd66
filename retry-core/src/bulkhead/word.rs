//! The limit, the holders and whether anybody queues, in one number, so that an admission is one atomic step against all three.

/// The most that the limit can be.
pub(super) const MOST: u32 = u32::MAX >> 1;

const LIMIT_AT: u32 = 31;
const FIELD: u64 = MOST as u64;
const QUEUED: u64 = 1 << 62;

/// From the lowest bit: 31 bits of holders, 31 bits of limit, one that says that somebody queues.
#[derive(Clone, Copy)]
pub(super) struct Word(pub(super) u64);

impl Word {
    /// Nobody inside, nobody queueing. The limit is at most [`MOST`].
    pub(super) const fn new(limit: u32) -> Self {
        Self((limit as u64) << LIMIT_AT)
    }

    /// The holders: those inside, and those whose permit waits for them to take it.
    pub(super) const fn in_use(self) -> u32 {
        (self.0 & FIELD) as u32
    }

    pub(super) const fn limit(self) -> u32 {
        ((self.0 >> LIMIT_AT) & FIELD) as u32
    }

    pub(super) const fn is_queued(self) -> bool {
        self.0 & QUEUED != 0
    }

    /// How many more could be inside. None when the limit has been lowered below the holders.
    pub(super) const fn room(self) -> u32 {
        self.limit().saturating_sub(self.in_use())
    }

    /// With one holder more, if there is room. Nobody is overtaken: while somebody queues there is none.
    pub(super) const fn entered(self) -> Option<Self> {
        if self.room() == 0 {
            return None;
        }
        debug_assert!(!self.is_queued(), "there is room, and somebody queues");
        Some(self.with_more(1))
    }

    /// With one holder less. There is one: who leaves.
    pub(super) const fn left(self) -> Self {
        Self(self.0 - 1)
    }

    /// With as many more holders; there is [`room`](Self::room) for them.
    pub(super) const fn with_more(self, holders: u32) -> Self {
        Self(self.0 + holders as u64)
    }

    pub(super) const fn with_limit(self, limit: u32) -> Self {
        Self((self.0 & !(FIELD << LIMIT_AT)) | Self::new(limit).0)
    }

    pub(super) const fn with_queued(self, queued: bool) -> Self {
        Self(if queued {
            self.0 | QUEUED
        } else {
            self.0 & !QUEUED
        })
    }
}
