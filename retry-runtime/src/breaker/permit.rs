//! What lets an attempt pass a circuit.

use std::fmt;
use std::mem;

use super::CircuitBreaker;
use super::announce::Asker;
use super::machine::{Transition, Vote};
use super::word::Pass;
use crate::class::Classification;
use crate::time::Stamp;

/// The right to try once. It tells the circuit how the attempt went; dropped, it says nothing and gives the place of a probe back.
///
/// It belongs to the state of the circuit that granted it: if the circuit has opened or closed in the meantime, its result does not count.
///
/// ```
/// use retry_core::{CircuitBreaker, ErrorClass};
///
/// static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments").consecutive(2);
///
/// PAYMENTS.try_acquire()?.fail(ErrorClass::ServerError);
/// drop(PAYMENTS.try_acquire()?); // neutral
/// PAYMENTS.try_acquire()?.fail(ErrorClass::ServerError);
/// assert!(PAYMENTS.try_acquire().is_err());
/// # Ok::<(), retry_core::CircuitOpen>(())
/// ```
#[must_use = "tell the permit how the attempt went; dropped, it says nothing"]
pub struct CircuitPermit<'a> {
    breaker: &'a CircuitBreaker,
    pub(super) parts: Parts,
}

/// What a permit is besides its circuit, in two words.
#[derive(Clone, Copy)]
pub(crate) struct Parts {
    pub(super) pass: Pass,
    /// When it was granted, if the circuit wants to know what is slow.
    pub(super) started: Stamp,
}

impl Parts {
    /// Those of no permit.
    pub(crate) const NONE: Self = Self {
        pass: Pass::NONE,
        started: Stamp::NONE,
    };
}

impl<'a> CircuitPermit<'a> {
    /// The permit of which these are the parts.
    #[inline]
    pub(crate) const fn of(breaker: &'a CircuitBreaker, parts: Parts) -> Self {
        Self { breaker, parts }
    }

    #[inline]
    pub(super) const fn new(breaker: &'a CircuitBreaker, pass: Pass, started: Stamp) -> Self {
        Self::of(breaker, Parts { pass, started })
    }

    /// What somebody keeps who is going to put it together again: nothing is given back.
    #[inline]
    pub(crate) const fn into_parts(self) -> Parts {
        let parts = self.parts;
        mem::forget(self);
        parts
    }

    /// The attempt has succeeded.
    #[inline]
    pub fn succeed(self) {
        if let Err(permit) = self.succeed_at_once() {
            permit.vote_success(&Asker::alone());
        }
    }

    /// The attempt has failed, with an [`ErrorClass`](crate::ErrorClass) or a [`Classification`]. A class that the circuit does not count
    /// says nothing.
    pub fn fail(self, failure: impl Into<Classification>) {
        self.vote(Vote::Failure(failure.into()), &Asker::alone());
    }

    /// The attempt has succeeded, if it can be told in passing.
    #[inline]
    pub(crate) fn succeed_at_once(self) -> Result<(), Self> {
        if self.breaker.note_success(&self.parts) {
            self.into_parts();
            return Ok(());
        }
        Err(self)
    }

    /// What was left to tell.
    pub(crate) fn vote_success(self, asker: &Asker<'_>) -> Option<Transition> {
        self.vote(Vote::Success, asker)
    }

    pub(crate) fn fail_for(self, failure: Classification, asker: &Asker<'_>) -> Option<Transition> {
        self.vote(Vote::Failure(failure), asker)
    }

    #[cold]
    #[inline(never)]
    fn vote(self, vote: Vote, asker: &Asker<'_>) -> Option<Transition> {
        self.breaker.vote(self, vote, asker)
    }
}

impl Drop for CircuitPermit<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(key) = self.parts.pass.key() {
            self.breaker.leave(key);
        }
    }
}

impl fmt::Debug for CircuitPermit<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CircuitPermit")
            .field("circuit", &self.breaker.name())
            .field("is_probe", &self.parts.pass.key().is_some())
            .finish_non_exhaustive()
    }
}
