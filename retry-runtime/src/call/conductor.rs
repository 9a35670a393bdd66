//! A call as the conductor of its own run.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use super::Call;
use super::around::{Around, AsyncSleeper, BlockingSleeper, MaybeExtras, Observers, SleepRules};
use crate::driver::{Conduct, Driver, Holding, Hooks, Kept};
use crate::judge::{ConvertStop, DescribeError, Errors, JudgeError, JudgeValue};
use crate::outcome::{End, Outcome, Report};
use crate::site::Plan;
use crate::time::{Sleep, TimeSource, Timer, Timers};

/// One pointer wide.
pub(super) struct Conductor<'c, T, M> {
    pub(super) call: &'c T,
    mode: PhantomData<fn() -> M>,
}

/// What a run is for.
pub(super) struct ToResult;
pub(super) struct ToOutcome;

/// What it makes of the end of a call that converts a stop so.
pub(super) trait Mode<S, T, E> {
    /// What the caller gets.
    type End;

    /// Whether it has to tell how long the call took.
    const TIMED: bool;

    /// `report` is only asked where there is something to tell.
    fn finish(stops: &S, end: End<T, E>, report: impl FnOnce() -> Report) -> Self::End;
}

impl<S: ConvertStop<E>, T, E> Mode<S, T, E> for ToResult {
    type End = Result<T, E>;

    const TIMED: bool = false;

    #[inline]
    fn finish(stops: &S, end: End<T, E>, report: impl FnOnce() -> Report) -> Result<T, E> {
        match end {
            End::Success(value) => Ok(value),
            End::Error(error) => Err(error),
            End::Value(_) | End::Nothing => Err(stops.convert(report().into_stopped())),
        }
    }
}

impl<S, T, E> Mode<S, T, E> for ToOutcome {
    type End = Outcome<T, E>;

    const TIMED: bool = true;

    #[inline]
    fn finish(_: &S, end: End<T, E>, report: impl FnOnce() -> Report) -> Outcome<T, E> {
        Outcome {
            end,
            report: report(),
        }
    }
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

impl<'c, T, E, C, F, X, V, S, O, P, Z, G, M, R> Conduct<'c, T, E>
    for Conductor<'c, Call<'_, Errors<C, F, X>, V, S, Around<O, P, Z, G, M>>, R>
where
    Errors<C, F, X>: JudgeError<E>,
    X: DescribeError<E>,
    V: JudgeValue<T>,
    O: Observers,
    P: SleepRules,
    Z: BlockingSleeper,
    M: MaybeExtras,
    R: Mode<S, T, E>,
{
    type Errors = Errors<C, F, X>;
    type Values = V;
    type End = R::End;

    #[inline]
    fn plan(&self) -> &'c Plan<'c> {
        &self.call.plan
    }

    #[inline]
    fn hooks(&self, time: TimeSource<'c>) -> Hooks<'c> {
        let around = &self.call.around;
        let extras = around.extras.get();
        Hooks {
            time: extras.clock.map_or(time, TimeSource::Custom),
            abort: extras.abort,
            observer: None,
            listener: around.observers.as_listener(),
            on_sleep: around.sleeps.as_rule(),
            seed: extras.seed,
            timeline: extras.timeline,
            timed: R::TIMED,
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

    fn sleeper(&self) -> Option<&dyn Sleep> {
        self.call.around.sleeper.blocking()
    }

    #[inline]
    fn copied(self) -> Self {
        self
    }

    #[inline]
    fn finish<'g, H: Holding<'g>>(
        &self,
        driver: &mut Driver<'c, Kept<T>, E, H>,
        hooks: &Hooks<'_>,
        end: End<T, E>,
    ) -> R::End {
        R::finish(&self.call.stops, end, || {
            driver.report(self.plan(), &hooks.copied())
        })
    }
}
