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
    pub(super) pass: Pass,
    /// When it was granted, if the circuit wants to know what is slow. In a word, as all of a permit is: what is written in parts and then
    /// moved as a whole makes the processor wait.
    pub(super) started: Stamp,
}

impl<'a> CircuitPermit<'a> {
    #[inline]
    pub(super) const fn new(breaker: &'a CircuitBreaker, pass: Pass, started: Stamp) -> Self {
        Self {
            breaker,
            pass,
            started,
        }
    }

    /// The attempt has succeeded.
    #[inline]
    pub fn succeed(self) {
        if !self.breaker.note_success(self.pass) {
            self.vote(Vote::Success, &Asker::alone());
        }
    }

    /// The attempt has failed, with an [`ErrorClass`](crate::ErrorClass) or a [`Classification`]. A class that the circuit does not count
    /// says nothing.
    pub fn fail(self, failure: impl Into<Classification>) {
        self.vote(Vote::Failure(failure.into()), &Asker::alone());
    }

    #[inline]
    pub(crate) fn succeed_for(self, asker: &Asker<'_>) -> Option<Transition> {
        if self.breaker.note_success(self.pass) {
            return None;
        }
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

    /// It has been used: there is nothing to give back.
    pub(super) fn end(self) -> Pass {
        let pass = self.pass;
        mem::forget(self);
        pass
    }
}

impl Drop for CircuitPermit<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(key) = self.pass.key() {
            self.breaker.leave(key);
        }
    }
}

impl fmt::Debug for CircuitPermit<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CircuitPermit")
            .field("circuit", &self.breaker.name())
            .field("is_probe", &self.pass.key().is_some())
            .finish_non_exhaustive()
    }
}
