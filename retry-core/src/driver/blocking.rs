//! The blocking driver.

use std::ops::ControlFlow;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use super::asynchronous::Watch;
use super::{Admission, Attempted, Driver, Held, Holding, Hooks, Kept, progress_of};
use crate::abort::{Abort, POLL_INTERVAL};
use crate::judge::{DescribeError, Errors, JudgeError, JudgeValue};
use crate::outcome::End;
use crate::testing;
use crate::time::Sleep;
use crate::wake::park_until;

/// Runs attempts on this thread until the call ends.
#[inline]
pub(crate) fn drive_blocking<'a, 'g, T, E, G, C, F, X, V>(
    driver: &mut Driver<'a, Kept<T>, E, G>,
    hooks: &Hooks<'_>,
    sleeper: Option<&dyn Sleep>,
    errors: &Errors<C, F, X>,
    values: &V,
    mut operation: impl FnMut(&Driver<'a, Kept<T>, E, G>) -> Result<T, E>,
) -> End<T, E>
where
    G: Holding<'g>,
    Errors<C, F, X>: JudgeError<E>,
    X: DescribeError<E>,
    V: JudgeValue<T>,
{
    loop {
        match driver.may_start(hooks, V::RULED) {
            Admission::Granted => {
                let attempted = Attempted::Finished(operation(driver));
                if let ControlFlow::Break(end) = driver.conclude(attempted, hooks, errors, values) {
                    return end;
                }
            }
            Admission::Queued => {}
            Admission::Refused => return driver.take_last(),
        }
        driver.pause_blocking(sleeper, hooks.abort);
    }
}

impl<'g, K, E, G: Holding<'g>> Driver<'_, K, E, G> {
    /// Sleeps before the next attempt, or queues for the bulkhead, less long if there is an abort.
    #[cold]
    fn pause_blocking(&mut self, sleeper: Option<&dyn Sleep>, abort: Option<&dyn Abort>) {
        let held = self.guards.held().filter(|held| held.queues());
        let (plan, started) = (self.plan, self.start.time());
        let progress = progress_of(&mut self.history, plan, started);
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
