//! The blocking driver.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::{Attempted, Driver, Hooks, Kept};
use crate::abort::{Abort, POLL_INTERVAL};
use crate::judge::{DescribeError, Errors, JudgeError, JudgeValue};
use crate::outcome::End;
use crate::testing;
use crate::time::{Sleep, Wait};

/// Runs attempts on this thread until the call ends.
#[inline]
pub(crate) fn drive_blocking<'a, T, E, C, F, X, V>(
    driver: &mut Driver<'a, Kept<T>, E>,
    hooks: &Hooks<'_>,
    sleeper: Option<&dyn Sleep>,
    errors: &Errors<C, F, X>,
    values: &V,
    mut operation: impl FnMut(&Driver<'a, Kept<T>, E>) -> Result<T, E>,
) -> End<T, E>
where
    Errors<C, F, X>: JudgeError<E>,
    X: DescribeError<E>,
    V: JudgeValue<T>,
{
    loop {
        if !driver.may_start(hooks, V::RULED) {
            return driver.take_last();
        }
        let attempted = Attempted::Finished(operation(driver));
        if let ControlFlow::Break(end) = driver.conclude(attempted, hooks, errors, values) {
            return end;
        }
        driver.pause_blocking(sleeper, hooks.abort);
    }
}

impl<K, E> Driver<'_, K, E> {
    /// Sleeps before the next attempt, less long if there is an abort.
    #[cold]
    fn pause_blocking(&mut self, sleeper: Option<&dyn Sleep>, abort: Option<&dyn Abort>) {
        let progress = self.progress();
        let delay = std::mem::take(&mut progress.delay);
        if !delay.is_zero() {
            progress.aborted = sleep(sleeper, abort, delay);
        }
    }
}

/// Whether the sleep was cut by an abort.
fn sleep(sleeper: Option<&dyn Sleep>, abort: Option<&dyn Abort>, delay: Duration) -> bool {
    match (sleeper, testing::simulated_clock()) {
        (Some(sleeper), _) => sleep_in_slices(|slice| sleeper.sleep_blocking(slice), abort, delay),
        (None, Some(clock)) => sleep_in_slices(|slice| clock.sleep_blocking(slice), abort, delay),
        (None, None) => match abort.and_then(Abort::aborted) {
            Some(aborted) => park_until(aborted, delay),
            None => sleep_in_slices(thread::sleep, abort, delay),
        },
    }
}

fn sleep_in_slices(sleep: impl Fn(Duration), abort: Option<&dyn Abort>, delay: Duration) -> bool {
    let Some(abort) = abort else {
        sleep(delay);
        return false;
    };
    let mut left = delay;
    while !left.is_zero() {
        if abort.is_aborted() {
            return true;
        }
        let slice = left.min(POLL_INTERVAL);
        sleep(slice);
        left -= slice;
    }
    false
}

/// Blocks until `aborted` completes or `delay` has passed; whether it completed.
fn park_until(mut aborted: Wait<'_>, delay: Duration) -> bool {
    let started = Instant::now();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if aborted.as_mut().poll(&mut context).is_ready() {
            return true;
        }
        let left = delay.saturating_sub(started.elapsed());
        if left.is_zero() {
            return false;
        }
        thread::park_timeout(left);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
