//! A switch that wakes those who sleep.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use super::Abort;
use crate::sync::{AtomicBool, Mutex, MutexGuard};
use crate::time::Wait;
use crate::waiters::Waiters;
use crate::wake::wake_all;

/// A switch that stops every call it is attached to, and wakes those that sleep, async and blocking alike.
///
/// It is `const` constructible, so it can be a `static`; wrap it in an [`Arc`](std::sync::Arc) to share it otherwise. Once aborted it stays aborted.
///
/// ```
/// use retry_core::{AbortSignal, Policy, StopReason};
/// use std::{io, time::Duration};
///
/// static SHUTDOWN: AbortSignal = AbortSignal::new();
/// const POLICY: Policy = Policy::new().attempts(2).backoff(retry_core::Backoff::fixed(Duration::from_secs(3600)));
///
/// let worker = std::thread::spawn(|| {
///     POLICY.call("poll").abort(&SHUTDOWN).execute_blocking(|| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)))
/// });
/// SHUTDOWN.abort(); // does not wait for the hour to pass
/// assert_eq!(worker.join().unwrap().stop_reason(), Some(StopReason::Aborted));
/// ```
#[derive(Default)]
pub struct AbortSignal {
    /// Goes from false to true once, before the waiters are taken; who registers looks again under the lock. So no waiter is missed.
    aborted: AtomicBool,
    waiters: Mutex<Waiters>,
}

impl AbortSignal {
    /// A signal that has not been given.
    #[cfg(not(retry_loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            aborted: AtomicBool::new(false),
            waiters: Mutex::new(Waiters::new()),
        }
    }

    /// Stops every call that this signal is attached to, now and in future. Further calls of this function do nothing.
    ///
    /// # Panics
    ///
    /// If a runtime's waker panics, once all the others have been woken.
    pub fn abort(&self) {
        self.aborted.store(true, Ordering::Release);
        let wakers = self.lock().leave_all();
        wake_all(wakers);
    }

    /// Whether [`abort`](Self::abort) has been called.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        self.aborted.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, Waiters> {
        // A waker that panics while it is cloned or dropped leaves the list whole.
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for AbortSignal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.lock().len();
        formatter
            .debug_struct("AbortSignal")
            .field("aborted", &self.is_aborted())
            .field("waiting", &waiting)
            .finish()
    }
}

impl Abort for AbortSignal {
    fn is_aborted(&self) -> bool {
        Self::is_aborted(self)
    }

    fn aborted(&self) -> Option<Wait<'_>> {
        Some(Box::pin(Aborted {
            signal: self,
            number: None,
        }))
    }
}

/// Completes when the signal is given; takes itself off the list when dropped.
struct Aborted<'a> {
    signal: &'a AbortSignal,
    number: Option<u64>,
}

impl Future for Aborted<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut waiters = self.signal.lock();
        if self.signal.is_aborted() {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        let kept = self.number.and_then(|number| waiters.waker(number));
        let replaced = if let Some(kept) = kept {
            Some(mem::replace(kept, waker))
        } else {
            self.number = Some(waiters.join(waker));
            None
        };
        drop(waiters);
        // Not under the lock: the last waker of a task may drop the task, and with it another waiter of this signal.
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Aborted<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let removed = self.signal.lock().leave(number);
            // Not under the lock, as above.
            drop(removed);
        }
    }
}

#[cfg(all(test, retry_loom))]
mod model {
    //! Every interleaving of somebody who waits with somebody who aborts.

    use loom::future::block_on;
    use loom::sync::Arc;
    use loom::thread;

    use super::{Abort, AbortSignal};

    fn wait_for(signal: &AbortSignal) {
        block_on(async {
            if let Some(aborted) = signal.aborted() {
                aborted.await;
            }
        });
    }

    #[test]
    fn every_waiter_is_woken() {
        loom::model(|| {
            let signal = Arc::new(AbortSignal::default());
            let aborter = {
                let signal = Arc::clone(&signal);
                thread::spawn(move || signal.abort())
            };
            let waiter = {
                let signal = Arc::clone(&signal);
                thread::spawn(move || wait_for(&signal))
            };
            wait_for(&signal);
            waiter.join().unwrap();
            aborter.join().unwrap();
            assert!(signal.lock().len() == 0);
        });
    }

    #[test]
    fn a_waiter_that_gives_up_leaves_nothing_behind() {
        loom::model(|| {
            let signal = Arc::new(AbortSignal::default());
            let aborter = {
                let signal = Arc::clone(&signal);
                thread::spawn(move || signal.abort())
            };
            block_on(async {
                let mut aborted = signal.aborted().unwrap();
                let polled = std::future::poll_fn(|context| {
                    std::task::Poll::Ready(aborted.as_mut().poll(context).is_ready())
                });
                let _ = polled.await;
                drop(aborted);
            });
            assert!(signal.lock().len() == 0);
            aborter.join().unwrap();
            assert!(signal.is_aborted());
        });
    }
}
