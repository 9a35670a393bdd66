//! A table with a row for each name, in which nobody who looks up his row takes a lock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// As many operations, or guards of a kind, have a row. More than that is no longer a table that anybody reads, and points to names that are made
/// of data.
const MOST_NAMES: usize = 256;

/// Twice as many, so that whoever looks for a place finds an empty one soon.
const SLOTS: usize = 2 * MOST_NAMES;

/// Rows by the hash of their name, or at the next place behind it that was free.
pub(super) struct ByName<T> {
    /// Who comes to an empty slot takes it; once all rows are given, what he leaves there is `None`. Nothing is ever removed.
    slots: [OnceLock<Option<Box<Row<T>>>>; SLOTS],
    /// How many names have asked for a row.
    names: AtomicUsize,
}

struct Row<T> {
    name: &'static str,
    content: T,
}

impl<T> ByName<T> {
    pub(super) const fn new() -> Self {
        Self {
            slots: [const { OnceLock::new() }; SLOTS],
            names: AtomicUsize::new(0),
        }
    }

    /// What is in the row of this name, at first what `make` gives; `None` if others have got all rows.
    pub(super) fn of(&self, name: &'static str, make: fn() -> T) -> Option<&T> {
        let first = slot_of(name);
        for step in 0..SLOTS {
            let slot = &self.slots[(first + step) % SLOTS];
            let row = slot.get_or_init(|| self.give_row(name, make)).as_ref()?;
            if row.name == name {
                return Some(&row.content);
            }
        }
        None
    }

    #[cold]
    fn give_row(&self, name: &'static str, make: fn() -> T) -> Option<Box<Row<T>>> {
        // At most once for each slot, so it does not wrap.
        let given = self.names.fetch_add(1, Ordering::Relaxed);
        (given < MOST_NAMES).then(|| {
            Box::new(Row {
                name,
                content: make(),
            })
        })
    }

    /// The rows that there are, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &T)> {
        let rows = self.slots.iter().filter_map(|slot| slot.get()?.as_deref());
        rows.map(|row| (row.name, &row.content))
    }
}

/// Where to look for the name first. By its text: one name can be at several addresses.
#[expect(
    clippy::cast_possible_truncation,
    reason = "there are fewer slots than that"
)]
fn slot_of(name: &str) -> usize {
    // The upper bits depend on all of the name.
    (hash(name.as_bytes()) >> (u64::BITS - SLOTS.ilog2())) as usize
}

/// Names are in the source, where nobody makes them collide on purpose: a multiplication for every eight bytes is enough.
fn hash(mut bytes: &[u8]) -> u64 {
    let mut hash = 0;
    while let Some((word, rest)) = bytes.split_first_chunk() {
        hash = mixed(hash, u64::from_le_bytes(*word));
        bytes = rest;
    }
    if let Some((word, rest)) = bytes.split_first_chunk() {
        hash = mixed(hash, u32::from_le_bytes(*word).into());
        bytes = rest;
    }
    bytes
        .iter()
        .fold(hash, |hash, byte| mixed(hash, u64::from(*byte)))
}

const fn mixed(hash: u64, word: u64) -> u64 {
    // The fractional part of the golden ratio, made odd.
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

    (hash.rotate_left(5) ^ word).wrapping_mul(MULTIPLIER)
}
