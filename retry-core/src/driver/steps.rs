//! The steps of an async call as futures, for the loop that the attribute writes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::asynchronous::Watch;
use super::{Driver, Start, Turn};
use crate::abort::Abort;
use crate::time::Timers;

pin_project! {
    /// An attempt that runs, and is cut when its time is over. One that has not been allowed to start yet does not: in its place is what is
    /// left of the sleep before it.
    #[must_use = "futures do nothing unless polled"]
    pub struct Attempting<'d, 'a, K, E, Z, F> {
        driver: &'d mut Driver<'a, K, E>,
        timers: Z,
        #[pin]
        operation: F,
    }
}

impl<'d, 'a, K, E, Z, F> Attempting<'d, 'a, K, E, Z, F> {
    #[inline]
    pub(crate) const fn new(driver: &'d mut Driver<'a, K, E>, timers: Z, operation: F) -> Self {
        Self {
            driver,
            timers,
            operation,
        }
    }
}

impl<'a, K, E, Z: Timers<'a>, F: Future> Future for Attempting<'_, 'a, K, E, Z, F> {
    type Output = Turn<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.driver.is_due() {
            return this
                .driver
                .poll_pause(*this.timers, &mut Watch::Nobody, context)
                .map(|()| Turn::Due);
        }
        this.driver
            .poll_attempt(*this.timers, this.operation, context)
            .map(Turn::Taken)
    }
}

impl<K, E> Driver<'_, K, E> {
    /// Whether the next attempt still has to be allowed to start.
    #[inline]
    fn is_due(&self) -> bool {
        match &self.history {
            Some(history) => history.due,
            None => matches!(self.start, Start::Due),
        }
    }
}

/// The sleep between two attempts, which an abort can cut short.
#[must_use = "futures do nothing unless polled"]
pub struct Pausing<'d, 'a, 'w, K, E, Z> {
    driver: &'d mut Driver<'a, K, E>,
    timers: Z,
    watch: Watch<'w>,
}

impl<'d, 'a, 'w, K, E, Z> Pausing<'d, 'a, 'w, K, E, Z> {
    #[inline]
    pub(crate) fn new(
        driver: &'d mut Driver<'a, K, E>,
        timers: Z,
        abort: Option<&'w dyn Abort>,
    ) -> Self {
        let watch = driver.watch(abort);
        Self {
            driver,
            timers,
            watch,
        }
    }
}

impl<'a, K, E, Z: Timers<'a> + Unpin> Future for Pausing<'_, 'a, '_, K, E, Z> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.driver
            .poll_pause(this.timers, &mut this.watch, context)
    }
}
