//! A call as the conductor of its own run.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use super::Call;
use super::around::{Around, AsyncSleeper, MaybeExtras, Observers, SleepRules};
use crate::driver::{Conduct, Guarding, Holding, Hooks};
use crate::judge::{DescribeError, Errors, JudgeError, JudgeValue};
use crate::site::Plan;
use crate::time::{TimeSource, Timer, Timers};

/// One pointer wide.
pub(super) struct Conductor<'c, T, M> {
    pub(super) call: &'c T,
    mode: PhantomData<fn() -> M>,
}

/// What a run is for.
pub(super) trait Mode {
    /// Whether it has to tell how long it took.
    const TIMED: bool;
}

pub(super) struct ToResult;
pub(super) struct ToOutcome;

impl Mode for ToResult {
    const TIMED: bool = false;
}

impl Mode for ToOutcome {
    const TIMED: bool = true;
}

impl<'c, T, M> Conductor<'c, T, M> {
    pub(super) const fn of(call: &'c T) -> Self {
        Self {
            call,
            mode: PhantomData,
        }
    }
}

impl<T, M> Clone for Conductor<'_, T, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, M> Copy for Conductor<'_, T, M> {}

impl<'c, J, V, S, O, P, Z, G, M, R> Timers<'c>
    for Conductor<'c, Call<'_, J, V, S, Around<O, P, Z, G, M>>, R>
where
    Z: AsyncSleeper,
    M: MaybeExtras,
{
    fn sleep(self, duration: Duration) -> Timer<'c> {
        self.call.around.sleeper.wait(duration)
    }

    fn now(self) -> Instant {
        let clock = self.call.around.extras.get().clock;
        clock
            .map_or(TimeSource::asynchronous(), TimeSource::Custom)
            .now()
    }
}

impl<'c, 'g, T, E, C, F, X, V, S, O, P, Z, G, M, R> Conduct<'c, T, E>
    for Conductor<'c, Call<'_, Errors<C, F, X>, V, S, Around<O, P, Z, G, M>>, R>
where
    Errors<C, F, X>: JudgeError<E>,
    X: DescribeError<E>,
    V: JudgeValue<T>,
    O: Observers,
    P: SleepRules,
    Z: AsyncSleeper,
    G: Guarding<Holding: Holding<'g>>,
    M: MaybeExtras,
    R: Mode,
{
    type Errors = Errors<C, F, X>;
    type Values = V;

    #[inline]
    fn plan(self) -> &'c Plan<'c> {
        &self.call.plan
    }

    #[inline]
    fn hooks(self) -> Hooks<'c> {
        Hooks {
            timed: R::TIMED,
            ..self.call.hooks(TimeSource::asynchronous())
        }
    }

    #[inline]
    fn errors(&self) -> &Errors<C, F, X> {
        &self.call.errors
    }

    #[inline]
    fn values(&self) -> &V {
        &self.call.values
    }
}
