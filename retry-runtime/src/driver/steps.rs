//! The steps of an async call as futures, for the loop that the attribute writes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::asynchronous::Watch;
use super::{Driver, Due, Holding, Planned, Turn};
use crate::abort::Abort;
use crate::time::Timers;

pin_project! {
    /// An attempt that runs, and is cut when its time is over. One that has not been allowed to start yet does not: in its place is what is
    /// left of the sleep before it, or of the wait for the bulkhead.
    #[must_use = "futures do nothing unless polled"]
    pub struct Attempting<'d, 'a, K, E, G, Z, F> {
        call: &'d mut Planned<'a, K, E, G>,
        timers: Z,
        #[pin]
        operation: F,
    }
}

impl<'d, 'a, K, E, G, Z, F> Attempting<'d, 'a, K, E, G, Z, F> {
    #[inline]
    pub(crate) const fn new(call: &'d mut Planned<'a, K, E, G>, timers: Z, operation: F) -> Self {
        Self {
            call,
            timers,
            operation,
        }
    }
}

impl<'a, 'g, K, E, G, Z, F> Future for Attempting<'_, 'a, K, E, G, Z, F>
where
    G: Holding<'g>,
    Z: Timers<'a>,
    F: Future,
{
    type Output = Turn<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Planned { plan, driver } = &mut **this.call;
        match driver.due() {
            Due::No => {}
            Due::Now => return Poll::Ready(Turn::Due),
            Due::AfterPause => {
                return driver
                    .poll_pause(*this.timers, &mut Watch::Nobody, context)
                    .map(|()| Turn::Due);
            }
        }
        driver
            .poll_attempt(plan, *this.timers, this.operation, context)
            .map(Turn::Taken)
    }
}

/// The sleep between two attempts, or the wait for the bulkhead before one, which an abort can cut short.
#[must_use = "futures do nothing unless polled"]
pub struct Pausing<'d, 'a, 'w, K, E, G, Z> {
    driver: &'d mut Driver<'a, K, E, G>,
    timers: Z,
    watch: Watch<'w>,
}

impl<'d, 'a, 'w, 'g, K, E, G: Holding<'g>, Z> Pausing<'d, 'a, 'w, K, E, G, Z> {
    #[inline]
    pub(crate) fn new(
        driver: &'d mut Driver<'a, K, E, G>,
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

impl<'a, 'g, K, E, G, Z> Future for Pausing<'_, 'a, '_, K, E, G, Z>
where
    G: Holding<'g>,
    Z: Timers<'a> + Unpin,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.driver
            .poll_pause(this.timers, &mut this.watch, context)
    }
}
