//! What everybody retries: operations that succeed, fail or wait, and cost next to nothing themselves.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use retry_core::{Classify, Stopped};

/// What the operations fail with.
///
/// As large as their values, so that a result is two registers. Were it smaller, a result would be put together in memory, and that would take
/// longer than anything that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Classify)]
#[repr(u32)]
pub enum Failure {
    /// Worth another attempt.
    #[classify(transient)]
    Busy,
    /// Worth none.
    #[classify(permanent)]
    Unknown,
    /// A guard said no.
    #[classify(permanent)]
    Refused,
}

impl Failure {
    /// What peers without classes ask before they retry.
    #[must_use]
    #[inline]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Busy => "busy",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
        })
    }
}

impl Error for Failure {}

impl From<Stopped> for Failure {
    fn from(_: Stopped) -> Self {
        Self::Refused
    }
}

/// What the operations give.
pub type Answer = Result<u32, Failure>;

/// Succeeds.
///
/// # Errors
///
/// Never, but the compiler does not know.
#[inline]
pub fn succeed() -> Answer {
    black_box(Ok(7))
}

/// Succeeds when it is polled first.
///
/// # Errors
///
/// Never, but the compiler does not know.
pub async fn succeed_async() -> Answer {
    succeed()
}

/// Succeeds when it is polled for the second time.
///
/// # Errors
///
/// Never, but the compiler does not know.
pub async fn succeed_pending_once() -> Answer {
    PendingOnce(false).await;
    succeed()
}

/// Fails in a way that is worth no other attempt.
///
/// # Errors
///
/// Always.
#[inline]
pub fn give_up() -> Answer {
    black_box(Err(Failure::Unknown))
}

/// [`give_up`] for those who await.
///
/// # Errors
///
/// Always.
pub async fn give_up_async() -> Answer {
    give_up()
}

struct PendingOnce(bool);

impl Future for PendingOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// An operation that fails so many times, then succeeds, and begins anew.
#[derive(Debug)]
pub struct Flaky {
    failures: u32,
    left: AtomicU32,
}

impl Flaky {
    /// Fails `failures` times before each success.
    #[must_use]
    pub const fn new(failures: u32) -> Self {
        Self {
            failures,
            left: AtomicU32::new(failures),
        }
    }

    /// One attempt.
    ///
    /// # Errors
    ///
    /// [`Failure::Busy`] as long as it has failures left.
    #[inline]
    pub fn attempt(&self) -> Answer {
        // Not `fetch_sub`: what is locked would cost more than what is measured.
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            self.left.store(self.failures, Ordering::Relaxed);
            return succeed();
        }
        self.left.store(left - 1, Ordering::Relaxed);
        Err(Failure::Busy)
    }

    /// [`attempt`](Self::attempt) for those who await.
    ///
    /// # Errors
    ///
    /// As `attempt`.
    #[expect(clippy::unused_async, reason = "its future is what is wanted of it")]
    pub async fn attempt_async(&self) -> Answer {
        self.attempt()
    }
}

/// Fails twice before each success.
pub static TWO_FAILURES: Flaky = Flaky::new(2);
/// Fails a hundred times before each success.
pub static HUNDRED_FAILURES: Flaky = Flaky::new(100);
