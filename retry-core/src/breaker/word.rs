//! What a circuit's atomics hold, packed into a number each.

use super::machine::{Era, Phase};

impl Era {
    pub(super) const FIRST: Self = Self {
        phase: Phase::Closed,
        generation: 0,
    };

    /// In one number: the phase in the low three bits.
    pub(super) const fn word(self) -> u64 {
        let phase = match self.phase {
            Phase::Closed => 0,
            Phase::Open => 1,
            Phase::HalfOpen => 2,
            Phase::ForcedOpen => 3,
            Phase::ForcedClosed => 4,
        };
        self.generation << 3 | phase
    }

    pub(super) const fn of(word: u64) -> Self {
        Self {
            phase: match word & 0b111 {
                0 => Phase::Closed,
                1 => Phase::Open,
                2 => Phase::HalfOpen,
                3 => Phase::ForcedOpen,
                _ => Phase::ForcedClosed,
            },
            generation: word >> 3,
        }
    }
}

/// Failures in a row, and the lower half of the generation that they belong to.
#[derive(Clone, Copy)]
pub(super) struct Streak {
    pub(super) generation: u32,
    pub(super) length: u32,
}

impl Streak {
    pub(super) const NONE: Self = Self {
        generation: 0,
        length: 0,
    };

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a permit would have to survive 2^32 transitions to be taken for one of this generation"
    )]
    pub(super) const fn of(self, generation: u64) -> Self {
        Self {
            generation: generation as u32,
            ..self
        }
    }

    pub(super) const fn longer(self) -> Self {
        Self {
            length: self.length.saturating_add(1),
            ..self
        }
    }

    pub(super) const fn word(self) -> u64 {
        (self.generation as u64) << 32 | self.length as u64
    }
}

impl From<u64> for Streak {
    #[expect(clippy::cast_possible_truncation, reason = "it takes the halves apart")]
    fn from(word: u64) -> Self {
        Self {
            generation: (word >> 32) as u32,
            length: word as u32,
        }
    }
}
