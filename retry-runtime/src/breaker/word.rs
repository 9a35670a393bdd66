//! What a circuit's atomics hold, packed into a number each.

use super::machine::{Era, Phase};

impl Era {
    pub(super) const FIRST: Self = Self {
        phase: Phase::Closed,
        generation: 0,
    };

    /// In one number: the phase in the low three bits.
    #[inline]
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

    #[inline]
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

/// What a permit was granted for, in one number: the phase in the low three bits, above it the generation; or, for a probe, its key, which no
/// other probe of the circuit has, in no generation.
#[derive(Clone, Copy)]
pub(super) struct Pass(u64);

impl Pass {
    /// What stands where there is no permit.
    pub(super) const NONE: Self = Self(0);

    /// For anybody, of a circuit that is closed.
    #[inline]
    pub(super) const fn free(era: Era) -> Self {
        Self(era.word())
    }

    pub(super) const fn probe(key: u64) -> Self {
        Self(
            Era {
                phase: Phase::HalfOpen,
                generation: key,
            }
            .word(),
        )
    }

    /// The probe that it is for.
    #[inline]
    pub(super) const fn key(self) -> Option<u64> {
        match self.era() {
            Era {
                phase: Phase::HalfOpen,
                generation: key,
            } => Some(key),
            _ => None,
        }
    }

    /// The era that granted it, unless it is for a probe.
    #[inline]
    pub(super) const fn era(self) -> Era {
        Era::of(self.0)
    }
}

/// All that is kept of a generation beside a number.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a permit would have to survive 2^32 transitions to be taken for one of this generation"
)]
#[inline]
const fn lower_half(generation: u64) -> u32 {
    generation as u32
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

    #[inline]
    pub(super) const fn of(self, generation: u64) -> Self {
        Self {
            generation: lower_half(generation),
            ..self
        }
    }

    pub(super) const fn longer(self) -> Self {
        Self {
            length: self.length.saturating_add(1),
            ..self
        }
    }

    #[inline]
    pub(super) const fn word(self) -> u64 {
        (self.generation as u64) << 32 | self.length as u64
    }
}

impl From<u64> for Streak {
    #[expect(clippy::cast_possible_truncation, reason = "it takes the halves apart")]
    #[inline]
    fn from(word: u64) -> Self {
        Self {
            generation: (word >> 32) as u32,
            length: word as u32,
        }
    }
}

/// Successes that are still to be counted in the window of the share of failures, and the lower half of the generation that they belong to.
#[derive(Clone, Copy)]
pub(super) struct Undated {
    pub(super) generation: u32,
    /// How many may wait for somebody who reads a clock, with the one who does.
    pub(super) most: u16,
    pub(super) count: u16,
}

impl Undated {
    /// None, of the first generation, and none may wait.
    pub(super) const NONE: Self = Self {
        generation: 0,
        most: 1,
        count: 0,
    };

    #[inline]
    pub(super) const fn of(self, generation: u64) -> Self {
        Self {
            generation: lower_half(generation),
            ..self
        }
    }

    pub(super) const fn with_none(self) -> Self {
        Self { count: 0, ..self }
    }

    /// With one more, if it may wait.
    #[inline]
    pub(super) const fn with_one(self) -> Option<Self> {
        let count = self.count + 1;
        if count < self.most {
            Some(Self { count, ..self })
        } else {
            None
        }
    }

    #[inline]
    pub(super) const fn word(self) -> u64 {
        (self.generation as u64) << 32 | (self.most as u64) << 16 | self.count as u64
    }
}

impl From<u64> for Undated {
    #[expect(clippy::cast_possible_truncation, reason = "it takes the parts apart")]
    #[inline]
    fn from(word: u64) -> Self {
        Self {
            generation: (word >> 32) as u32,
            most: (word >> 16) as u16,
            count: word as u16,
        }
    }
}
