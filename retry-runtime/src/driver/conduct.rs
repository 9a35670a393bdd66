//! What the drivers ask of whoever has made a call.

use super::{Driver, Holding, Hooks, Kept};
use crate::judge::{DescribeError, JudgeError, JudgeValue};
use crate::outcome::End;
use crate::site::Plan;
use crate::time::{Sleep, TimeSource};

/// What a call consists of besides its state and its operation, and what becomes of its end. Not of a type for each operation, so that those that
/// give the same share what follows on a failure.
pub(crate) trait Conduct<'c, T, E>: Sized {
    type Errors: JudgeError<E> + DescribeError<E>;
    type Values: JudgeValue<T>;
    /// What the caller gets.
    type End;

    fn plan(&self) -> &'c Plan<'c>;

    /// `time` tells the time unless the call has a clock of its own.
    fn hooks(&self, time: TimeSource<'c>) -> Hooks<'c>;

    fn errors(&self) -> &Self::Errors;

    fn values(&self) -> &Self::Values;

    /// How the call's thread sleeps, if it has a way of its own.
    fn sleeper(&self) -> Option<&dyn Sleep>;

    /// A copy for cold code, as of [`Hooks`].
    fn copied(self) -> Self;

    fn finish<'g, G: Holding<'g>>(
        &self,
        driver: &mut Driver<'c, Kept<T>, E, G>,
        hooks: &Hooks<'_>,
        end: End<T, E>,
    ) -> Self::End;
}
