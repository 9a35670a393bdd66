//! Stopping a call from outside: [`Abort`] and [`AbortSignal`].

mod signal;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

pub use self::signal::AbortSignal;
use crate::time::Wait;

/// An abort that cannot wake a sleeper is looked at this often, at least.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(50);

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

impl<T: Abort + ?Sized> Abort for Arc<T> {
    fn is_aborted(&self) -> bool {
        (**self).is_aborted()
    }

    fn aborted(&self) -> Option<Wait<'_>> {
        (**self).aborted()
    }
}

/// So that a `static SHUTDOWN: LazyLock<…>` can be named as it is.
impl<T, F> Abort for LazyLock<T, F>
where
    T: Abort,
    F: FnOnce() -> T + Send,
{
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
