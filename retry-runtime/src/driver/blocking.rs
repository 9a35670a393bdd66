//! The blocking driver.

use std::ops::ControlFlow;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use super::asynchronous::Watch;
use super::{Admission, Attempted, Conduct, Driver, Glance, Held, Holding, Hooks, Kept, Verdict};
use crate::abort::{Abort, POLL_INTERVAL};
use crate::judge::JudgeValue;
use crate::outcome::End;
use crate::testing;
use crate::time::{Sleep, TimeSource};
use crate::wake::park_until;

/// Runs attempts on this thread until the call ends, and makes of that what the caller gets.
#[inline]
pub(crate) fn drive<'c, 'g, T, E, G, C>(
    conductor: C,
    mut driver: Driver<'c, Kept<T>, E, G>,
    mut operation: impl FnMut(&Driver<'c, Kept<T>, E, G>) -> Result<T, E>,
) -> C::End
where
    G: Holding<'g>,
    C: Conduct<'c, T, E>,
{
    let (plan, hooks) = (conductor.plan(), conductor.hooks(TimeSource::System));
    if !driver.begins_at_once(plan, &hooks, C::Values::RULED) {
        // Here and below, copies: what is passed on as it came would have been in memory, and not in registers, all the time.
        let driver = Driver { ..driver };
        return begin_asking(&conductor.copied(), driver, &mut operation);
    }
    loop {
        let result = operation(&driver);
        let (errors, values) = (conductor.errors(), conductor.values());
        match driver.glance(plan, result.as_ref(), &hooks, errors, values) {
            Glance::Success => return conductor.finish(&mut driver, &hooks, result.into()),
            Glance::Again => {}
            Glance::Unsettled(verdict) => {
                let driver = Driver { ..driver };
                let conductor = &conductor.copied();
                return go_on(conductor, driver, result, verdict, &mut operation);
            }
        }
    }
}

/// An operation that may be any: its calls share what follows on a failure. Not `FnMut`, whose table has another copy of it, to be called by value.
trait Operation<D, R> {
    fn attempt(&mut self, driver: &D) -> R;
}

impl<D, R, F: FnMut(&D) -> R> Operation<D, R> for F {
    fn attempt(&mut self, driver: &D) -> R {
        self(driver)
    }
}

/// A call from where its first attempts have left it: apart, so that nothing of it stands in the way of one that succeeds.
#[cold]
#[inline(never)]
fn go_on<'c, 'g, T, E, G, C>(
    conductor: &C,
    mut driver: Driver<'c, Kept<T>, E, G>,
    result: Result<T, E>,
    verdict: Verdict,
    operation: &mut dyn Operation<Driver<'c, Kept<T>, E, G>, Result<T, E>>,
) -> C::End
where
    G: Holding<'g>,
    C: Conduct<'c, T, E>,
{
    let (plan, hooks) = (conductor.plan(), conductor.hooks(TimeSource::System));
    let attempted = Attempted::Finished(result);
    let flow = driver.conclude(plan, attempted, verdict, &hooks, conductor.errors());
    run_to_end(conductor, driver, &hooks, flow, operation)
}

/// A call whose first attempt may not start at once.
#[cold]
#[inline(never)]
fn begin_asking<'c, 'g, T, E, G, C>(
    conductor: &C,
    mut driver: Driver<'c, Kept<T>, E, G>,
    operation: &mut dyn Operation<Driver<'c, Kept<T>, E, G>, Result<T, E>>,
) -> C::End
where
    G: Holding<'g>,
    C: Conduct<'c, T, E>,
{
    let hooks = conductor.hooks(TimeSource::System);
    let admission = driver.begin_asking(conductor.plan(), &hooks);
    let flow = attempt(conductor, &mut driver, &hooks, admission, operation);
    run_to_end(conductor, driver, &hooks, flow, operation)
}

#[cold]
#[inline(never)]
fn run_to_end<'c, 'g, T, E, G, C>(
    conductor: &C,
    mut driver: Driver<'c, Kept<T>, E, G>,
    hooks: &Hooks<'c>,
    mut flow: ControlFlow<End<T, E>>,
    operation: &mut dyn Operation<Driver<'c, Kept<T>, E, G>, Result<T, E>>,
) -> C::End
where
    G: Holding<'g>,
    C: Conduct<'c, T, E>,
{
    let (plan, errors) = (conductor.plan(), conductor.errors());
    loop {
        if let ControlFlow::Break(end) = flow {
            return conductor.finish(&mut driver, hooks, end);
        }
        driver.pause_blocking(conductor.sleeper(), hooks.abort);
        let admission = driver.may_start(plan, hooks, C::Values::RULED, errors);
        flow = attempt(conductor, &mut driver, hooks, admission, operation);
    }
}

/// Runs an attempt, and those that follow on one another at once, if it may start: `Continue` if the call sleeps or queues next.
fn attempt<'c, 'g, T, E, G, C>(
    conductor: &C,
    driver: &mut Driver<'c, Kept<T>, E, G>,
    hooks: &Hooks<'c>,
    admission: Admission,
    operation: &mut dyn Operation<Driver<'c, Kept<T>, E, G>, Result<T, E>>,
) -> ControlFlow<End<T, E>>
where
    G: Holding<'g>,
    C: Conduct<'c, T, E>,
{
    match admission {
        Admission::Granted => {}
        Admission::Queued => return ControlFlow::Continue(()),
        Admission::Refused => return ControlFlow::Break(driver.take_last()),
    }
    let (plan, errors) = (conductor.plan(), conductor.errors());
    loop {
        let result = operation.attempt(driver);
        match driver.glance(plan, result.as_ref(), hooks, errors, conductor.values()) {
            Glance::Success => return ControlFlow::Break(result.into()),
            Glance::Again => {}
            Glance::Unsettled(verdict) => {
                let attempted = Attempted::Finished(result);
                return driver.conclude(plan, attempted, verdict, hooks, errors);
            }
        }
    }
}

impl<'g, K, E, G: Holding<'g>> Driver<'_, K, E, G> {
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
