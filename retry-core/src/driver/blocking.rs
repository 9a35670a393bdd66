//! The blocking driver.

use std::ops::ControlFlow;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use super::asynchronous::Watch;
use super::{Admission, Attempted, Driver, Held, Holding, Hooks, Kept, Settled, Unsettled};
use crate::abort::{Abort, POLL_INTERVAL};
use crate::judge::{DescribeError, JudgeError, JudgeValue};
use crate::outcome::End;
use crate::site::Plan;
use crate::testing;
use crate::time::Sleep;
use crate::wake::park_until;

/// What a call is made of besides its operation.
pub(crate) struct Blocking<'a, 'c, J, V> {
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) hooks: Hooks<'c>,
    pub(crate) sleeper: Option<&'c dyn Sleep>,
    pub(crate) errors: &'c J,
    pub(crate) values: &'c V,
}

impl<'a, J, V> Blocking<'a, '_, J, V> {
    /// Runs attempts on this thread until the call ends, and makes of that what the caller gets.
    #[inline]
    pub(crate) fn drive<'g, T, E, G, R>(
        self,
        mut driver: Driver<'a, Kept<T>, E, G>,
        mut operation: impl FnMut(&Driver<'a, Kept<T>, E, G>) -> Result<T, E>,
        finish: impl FnOnce(&mut Driver<'a, Kept<T>, E, G>, &Hooks<'_>, End<T, E>) -> R,
    ) -> R
    where
        G: Holding<'g>,
        J: JudgeError<E> + DescribeError<E>,
        V: JudgeValue<T>,
    {
        let (plan, hooks) = (self.plan, self.hooks);
        let mut unsettled = None;
        if driver.begins_at_once(plan, &hooks, V::RULED) {
            match driver.attempt_blocking(plan, &hooks, self.errors, self.values, &mut operation) {
                Ok(value) => return finish(&mut driver, &hooks, End::Success(value)),
                Err(other) => unsettled = Some(other),
            }
        }
        // Copies: what is passed on as it came would have been in memory, and not in registers, all the time.
        let hooks = hooks.copied();
        let mut driver = Driver { ..driver };
        let rest = Rest {
            plan,
            hooks: &hooks,
            sleeper: self.sleeper,
            errors: self.errors,
            values: self.values,
        };
        let end = rest.go_on(&mut driver, unsettled, &mut operation);
        finish(&mut driver, &hooks, end)
    }
}

/// A call from its first attempt on, or from where that has left it: apart, so that nothing of it stands in the way of a first attempt that
/// succeeds, and without a type for the operation, so that those that give the same share it.
struct Rest<'a, 'c, J, V> {
    plan: &'a Plan<'a>,
    hooks: &'c Hooks<'c>,
    sleeper: Option<&'c dyn Sleep>,
    errors: &'c J,
    values: &'c V,
}

type Operation<'o, 'a, T, E, G> = dyn FnMut(&Driver<'a, Kept<T>, E, G>) -> Result<T, E> + 'o;

impl<'a, J, V> Rest<'a, '_, J, V> {
    #[cold]
    #[inline(never)]
    fn go_on<'g, T, E, G>(
        &self,
        driver: &mut Driver<'a, Kept<T>, E, G>,
        unsettled: Option<Unsettled<T, E>>,
        operation: &mut Operation<'_, 'a, T, E, G>,
    ) -> End<T, E>
    where
        G: Holding<'g>,
        J: JudgeError<E> + DescribeError<E>,
        V: JudgeValue<T>,
    {
        let Self {
            plan,
            hooks,
            sleeper,
            errors,
            values,
        } = *self;
        let mut attempt = |driver: &mut Driver<'a, Kept<T>, E, G>, admission| match admission {
            Admission::Granted => {
                match driver.attempt_blocking(plan, hooks, errors, values, operation) {
                    Ok(value) => ControlFlow::Break(End::Success(value)),
                    Err(unsettled) => driver.conclude(plan, unsettled, hooks, errors),
                }
            }
            Admission::Queued => ControlFlow::Continue(()),
            Admission::Refused => ControlFlow::Break(driver.take_last()),
        };
        let mut flow = if let Some(unsettled) = unsettled {
            driver.conclude(plan, unsettled, hooks, errors)
        } else {
            let admission = driver.begin_asking(plan, hooks);
            attempt(driver, admission)
        };
        loop {
            if let ControlFlow::Break(end) = flow {
                return end;
            }
            driver.pause_blocking(sleeper, hooks.abort);
            let admission = driver.may_start(plan, hooks, V::RULED, errors);
            flow = attempt(driver, admission);
        }
    }
}

impl<'a, 'g, K, E, G: Holding<'g>> Driver<'a, K, E, G> {
    /// Runs an attempt, and those that follow on one another at once.
    #[inline]
    fn attempt_blocking<T>(
        &mut self,
        plan: &'a Plan<'a>,
        hooks: &Hooks<'_>,
        errors: &(impl JudgeError<E> + DescribeError<E>),
        values: &impl JudgeValue<T>,
        operation: &mut (impl FnMut(&Self) -> Result<T, E> + ?Sized),
    ) -> Result<T, Unsettled<T, E>> {
        loop {
            let attempted = Attempted::Finished(operation(self));
            match self.settle(plan, attempted, hooks, errors, values) {
                Settled::Success(value) => return Ok(value),
                Settled::Again => {}
                Settled::Unsettled(unsettled) => return Err(unsettled),
            }
        }
    }

    /// Sleeps before the next attempt, or queues for the bulkhead, less long if there is an abort.
    #[cold]
    fn pause_blocking(&mut self, sleeper: Option<&dyn Sleep>, abort: Option<&dyn Abort>) {
        let held = self.guards.held().filter(|held| held.queues());
        let Some(history) = self.state.history() else {
            return;
        };
        let progress = history.project().progress;
        let delay = std::mem::take(&mut progress.delay);
        if delay.is_zero() {
            return;
        }
        progress.aborted = wait(sleeper, abort, delay, held);
    }
}

/// Blocks until `delay` has passed, a place in the bulkhead has come or an abort was seen; whether it was.
fn wait(
    sleeper: Option<&dyn Sleep>,
    abort: Option<&dyn Abort>,
    delay: Duration,
    queue: Option<&mut Held<'_>>,
) -> bool {
    let simulated = testing::simulated_clock();
    let simulated = simulated.as_ref().map(|clock| clock as &dyn Sleep);
    match sleeper.or(simulated) {
        // Whoever queues without end waits for a place, and not for time.
        Some(sleeper) if queue.is_none() || delay < Duration::MAX => {
            wait_in_slices(sleeper, abort, delay, queue)
        }
        _ if abort.is_none() && queue.is_none() => {
            thread::sleep(delay);
            false
        }
        _ => park(abort, delay, queue),
    }
}

fn wait_in_slices(
    sleeper: &dyn Sleep,
    abort: Option<&dyn Abort>,
    delay: Duration,
    mut queue: Option<&mut Held<'_>>,
) -> bool {
    if abort.is_none() && queue.is_none() {
        sleeper.sleep_blocking(delay);
        return false;
    }
    let mut context = Context::from_waker(Waker::noop());
    let mut left = delay;
    while !left.is_zero() {
        if abort.is_some_and(Abort::is_aborted) {
            return true;
        }
        if has_come(&mut queue, &mut context) {
            return false;
        }
        let slice = left.min(POLL_INTERVAL);
        sleeper.sleep_blocking(slice);
        left -= slice;
    }
    false
}

fn park(abort: Option<&dyn Abort>, delay: Duration, mut queue: Option<&mut Held<'_>>) -> bool {
    let mut watch = Watch::new(abort);
    let mut left = delay;
    while !left.is_zero() {
        let slice = watch.slice_of(left);
        let ended = park_until(slice, |context| {
            if watch.poll_aborted(context) {
                Poll::Ready(true)
            } else if has_come(&mut queue, context) {
                Poll::Ready(false)
            } else {
                Poll::Pending
            }
        });
        if let Some(aborted) = ended {
            return aborted;
        }
        left -= slice;
    }
    false
}

fn has_come(queue: &mut Option<&mut Held<'_>>, context: &mut Context<'_>) -> bool {
    queue
        .as_mut()
        .is_some_and(|held| held.poll_queue(context).is_ready())
}
