//! A hundred thousand calls that have failed once and sleep.
//!
//! All are tasks of one runtime. Once the last one sleeps, the heap is looked at: what it holds beyond what it held before is the calls'.
//! Then the thread waits until all delays have passed, and the time counts in which all tasks are woken, attempt again and end.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::task::yield_now;

use crate::heap;
use crate::operation::{Answer, Failure, succeed};
use crate::workload::{Run, Workload, current_thread};

/// How many sleep at once.
pub const CALLS: u32 = 100_000;
/// How long: enough for all to have begun when the first is woken.
pub const DELAY: Duration = Duration::from_millis(700);
/// By when the last delay has passed for certain: delays end with a tick of the timer, of a millisecond.
const SURELY: Duration = Duration::from_millis(10);

/// Whether the operation succeeds now.
static AWAKE: AtomicBool = AtomicBool::new(false);
/// How many attempts have failed.
static FAILED: AtomicU32 = AtomicU32::new(0);
/// How many have succeeded; their calls end with them.
static SUCCEEDED: AtomicU32 = AtomicU32::new(0);

/// The operation: it fails as long as everybody is to fall asleep.
///
/// # Errors
///
/// [`Failure::Busy`] until then.
pub async fn wake_up() -> Answer {
    if AWAKE.load(Ordering::Relaxed) {
        SUCCEEDED.fetch_add(1, Ordering::Relaxed);
        return succeed();
    }
    FAILED.fetch_add(1, Ordering::Relaxed);
    Err(Failure::Busy)
}

/// Many calls at once, each of them what `call` gives.
pub fn asleep<F>(call: impl Fn() -> F + 'static) -> Workload
where
    F: Future<Output: Send> + Send + 'static,
{
    Workload::whole(CALLS, move || {
        current_thread().block_on(fall_asleep_and_wake(&call))
    })
}

async fn fall_asleep_and_wake<F>(call: impl Fn() -> F) -> Run
where
    F: Future<Output: Send> + Send + 'static,
{
    AWAKE.store(false, Ordering::Relaxed);
    FAILED.store(0, Ordering::Relaxed);
    SUCCEEDED.store(0, Ordering::Relaxed);
    let before = heap::held();
    for _ in 0..CALLS {
        tokio::spawn(call());
    }
    until(&FAILED).await;
    let heap = heap::held() - before;
    AWAKE.store(true, Ordering::Relaxed);
    thread::sleep(DELAY + SURELY);
    let woken = Instant::now();
    until(&SUCCEEDED).await;
    Run {
        elapsed: woken.elapsed(),
        heap,
    }
}

async fn until(counter: &AtomicU32) {
    while counter.load(Ordering::Relaxed) < CALLS {
        yield_now().await;
    }
}
