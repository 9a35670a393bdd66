//! What a subject asks of the heap. Only the program `allocations` counts, with an allocator of its own; in any other these figures stay zero
//! and nothing pays for the counting.

use std::ops::Sub;
use std::sync::atomic::{AtomicU64, Ordering};

/// Blocks and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heap {
    /// How many.
    pub blocks: u64,
    /// How large together.
    pub bytes: u64,
}

impl Sub for Heap {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            blocks: self.blocks.saturating_sub(other.blocks),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}

static ALLOCATED: Counter = Counter::new();
static FREED: Counter = Counter::new();

struct Counter {
    blocks: AtomicU64,
    bytes: AtomicU64,
}

impl Counter {
    const fn new() -> Self {
        Self {
            blocks: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    fn add(&self, bytes: usize) {
        self.blocks.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn get(&self) -> Heap {
        Heap {
            blocks: self.blocks.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

/// All that has been allocated so far.
#[must_use]
pub fn allocated() -> Heap {
    ALLOCATED.get()
}

/// What of it has not been freed.
#[must_use]
pub fn held() -> Heap {
    ALLOCATED.get() - FREED.get()
}

/// The counting allocator tells of a block.
pub fn count_allocation(bytes: usize) {
    ALLOCATED.add(bytes);
}

/// The counting allocator tells of a block that is gone.
pub fn count_release(bytes: usize) {
    FREED.add(bytes);
}
