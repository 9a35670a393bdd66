//! Stopping a call from outside: [`Abort`] and [`AbortSignal`].

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::time::Wait;

/// Something that can ask a call to stop.
///
/// A call looks before every attempt, after every failure, and while it sleeps. It never interrupts an attempt that runs: only dropping
/// the future does that.
///
/// [`AbortSignal`] and, with feature `tokio-util`, `CancellationToken` end a sleep at once. An [`AtomicBool`] and a closure cannot
/// wake anybody: they are looked at every 50 ms of a sleep.
///
/// ```
/// use retry_core::{Policy, StopReason};
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// static SHUTDOWN: AtomicBool = AtomicBool::new(false);
/// const POLICY: Policy = Policy::new().attempts(3);
///
/// SHUTDOWN.store(true, Ordering::Relaxed);
/// let outcome = POLICY.call("poll").abort(&SHUTDOWN).execute_blocking(|| Ok::<_, std::io::Error>(1));
/// assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
/// assert_eq!(outcome.attempts(), 0);
/// ```
pub trait Abort: Send + Sync {
    /// Whether the call shall stop.
    fn is_aborted(&self) -> bool;

    /// A future that completes when the call shall stop, or `None` if there is nothing to wait for and the call has to look again
    /// and again. The default is `None`.
    fn aborted(&self) -> Option<Wait<'_>> {
        None
    }
}

impl Abort for AtomicBool {
    fn is_aborted(&self) -> bool {
        // Whoever sets the flag may have written data that explains why.
        self.load(Ordering::Acquire)
    }
}

impl<F: Fn() -> bool + Send + Sync> Abort for F {
    fn is_aborted(&self) -> bool {
        self()
    }
}

impl<A: Abort + ?Sized> Abort for Arc<A> {
    fn is_aborted(&self) -> bool {
        (**self).is_aborted()
    }

    fn aborted(&self) -> Option<Wait<'_>> {
        (**self).aborted()
    }
}

#[cfg(feature = "tokio-util")]
impl Abort for tokio_util::sync::CancellationToken {
    fn is_aborted(&self) -> bool {
        self.is_cancelled()
    }

    fn aborted(&self) -> Option<Wait<'_>> {
        Some(Box::pin(self.cancelled()))
    }
}

/// A switch that stops every call it is attached to, and wakes those that sleep, async and blocking alike.
///
/// It is `const` constructible, so it can be a `static`; wrap it in an [`Arc`] to share it otherwise. Once aborted it stays aborted.
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
#[derive(Debug, Default)]
pub struct AbortSignal {
    /// Goes from false to true once, before the waiters are taken; who registers looks again under the lock. So no waiter is missed.
    aborted: AtomicBool,
    waiters: Mutex<Waiters>,
}

#[derive(Debug, Default)]
struct Waiters {
    next_key: u64,
    /// By key, so that one of many sleepers leaves without a search.
    wakers: BTreeMap<u64, Waker>,
}

impl AbortSignal {
    /// A signal that has not been given.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            aborted: AtomicBool::new(false),
            waiters: Mutex::new(Waiters {
                next_key: 0,
                wakers: BTreeMap::new(),
            }),
        }
    }

    /// Stops every call that this signal is attached to, now and in future. Further calls of this function do nothing.
    pub fn abort(&self) {
        self.aborted.store(true, Ordering::Release);
        let wakers = std::mem::take(&mut self.lock().wakers);
        for waker in wakers.into_values() {
            waker.wake();
        }
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

impl Abort for AbortSignal {
    fn is_aborted(&self) -> bool {
        Self::is_aborted(self)
    }

    fn aborted(&self) -> Option<Wait<'_>> {
        Some(Box::pin(Aborted {
            signal: self,
            key: None,
        }))
    }
}

/// Completes when the signal is given; takes itself off the list when dropped.
struct Aborted<'a> {
    signal: &'a AbortSignal,
    key: Option<u64>,
}

impl Future for Aborted<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut waiters = self.signal.lock();
        if self.signal.is_aborted() {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        let key = self.key.unwrap_or_else(|| {
            waiters.next_key += 1;
            waiters.next_key
        });
        let replaced = waiters.wakers.insert(key, waker);
        drop(waiters);
        // Not under the lock: the last waker of a task may drop the task, and with it another waiter of this signal.
        drop(replaced);
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Aborted<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let removed = self.signal.lock().wakers.remove(&key);
            // Not under the lock, as above.
            drop(removed);
        }
    }
}
