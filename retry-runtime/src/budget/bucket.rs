//! Tokens that retries take and successes bring.
//!
//! The form of the AWS SDKs' standard retry mode: a retry costs some tokens, a success brings a few back. It knows no time.

use std::sync::atomic::Ordering;

use crate::sync::AtomicU64;

/// The tokens that are missing in a bucket.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// A [`Level`], all of it changed at once. Relaxed: it publishes nothing but itself.
    level: AtomicU64,
}

/// What is missing, and how often the bucket has been filled up by hand: a token that was taken before that has come back already.
#[derive(Clone, Copy)]
struct Level {
    fillings: u32,
    /// Never more than the capacity.
    missing: u32,
}

impl Bucket {
    #[cfg(not(retry_loom))]
    pub(super) const fn new() -> Self {
        Self {
            level: AtomicU64::new(0),
        }
    }

    pub(super) fn take(&self, capacity: u32, cost: u32) -> Option<u64> {
        let before = self.update(|level| {
            let missing = level.missing.checked_add(cost)?;
            (missing <= capacity).then_some(Level { missing, ..level })
        })?;
        let ticket = Level {
            missing: cost,
            ..before
        };
        Some(ticket.word())
    }

    pub(super) fn give_back(&self, ticket: u64) {
        let ticket = Level::of(ticket);
        self.update(|level| {
            (level.fillings == ticket.fillings).then(|| level.with(ticket.missing))
        });
    }

    /// Costs one load while the bucket is full.
    pub(super) fn refund(&self, refund: u32) {
        if Level::of(self.level.load(Ordering::Relaxed)).missing > 0 {
            self.update(|level| Some(level.with(refund)));
        }
    }

    pub(super) fn remaining(&self, capacity: u32, cost: u32) -> u64 {
        let missing = Level::of(self.level.load(Ordering::Relaxed)).missing;
        let present = capacity.saturating_sub(missing);
        present.checked_div(cost).map_or(u64::MAX, u64::from)
    }

    pub(super) fn reset(&self) {
        self.update(|level| {
            Some(Level {
                fillings: level.fillings.wrapping_add(1),
                missing: 0,
            })
        });
    }

    /// Changes the level unless told not to, and gives what it was.
    fn update(&self, change: impl Fn(Level) -> Option<Level>) -> Option<Level> {
        let change = |word| change(Level::of(word)).map(Level::word);
        let updated = self
            .level
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
        updated.ok().map(Level::of)
    }
}

impl Level {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the lower half is what is wanted"
    )]
    const fn of(word: u64) -> Self {
        Self {
            fillings: (word >> u32::BITS) as u32,
            missing: word as u32,
        }
    }

    fn word(self) -> u64 {
        (u64::from(self.fillings) << u32::BITS) | u64::from(self.missing)
    }

    fn with(self, tokens: u32) -> Self {
        Self {
            missing: self.missing.saturating_sub(tokens),
            ..self
        }
    }
}
