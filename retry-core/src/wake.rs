//! Waking those who wait.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;
use std::thread;

/// Wakes every one of them, also past a waker that panics. Not to be called under a lock: a waker is the runtime's code.
///
/// # Panics
///
/// If one of them panics, once all have been woken, and unless the thread panics already.
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
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
