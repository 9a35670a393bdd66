//! Waking those who wait, and waiting as a thread.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Wakes every one of them, also past a waker that panics. Not to be called under a lock: a waker is the runtime's code.
///
/// # Panics
///
/// If one of them panics, once all have been woken, and unless the thread panics already.
pub(crate) fn wake_all(wakers: Vec<Waker>) {
    let wake = |waker: Waker| catch_unwind(AssertUnwindSafe(|| waker.wake())).err();
    let mut first = None;
    for panic in wakers.into_iter().filter_map(wake) {
        first.get_or_insert(panic);
    }
    if let Some(panic) = first {
        if !thread::panicking() {
            resume_unwind(panic);
        }
    }
}

/// Blocks the thread until `poll` is ready or `longest` has passed; [`Duration::MAX`] never passes.
pub(crate) fn park_until<T>(
    longest: Duration,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Option<T> {
    let started = Instant::now();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(value) = poll(&mut context) {
            return Some(value);
        }
        let left = longest.saturating_sub(started.elapsed());
        if left.is_zero() {
            return None;
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
