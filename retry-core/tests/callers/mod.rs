//! Callers of a bulkhead who are polled by hand, on a clock that moves when the test says so.

#![allow(dead_code, unreachable_pub)] // each test file uses its part of this module

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use retry_core::testing::ManualClock;
use retry_core::time::Wait;
use retry_core::{Bulkhead, BulkheadFull, BulkheadPermit, Sleep};

/// A bulkhead for so many, where whoever finds it full waits until he gets in.
pub const fn patient(limit: u32) -> Bulkhead {
    Bulkhead::new("pool", limit).wait(Duration::MAX)
}

#[track_caller]
pub fn enter(bulkhead: &Bulkhead) -> BulkheadPermit<'_> {
    bulkhead.try_acquire().expect("there is room")
}

#[track_caller]
pub fn assert_full(bulkhead: &Bulkhead) {
    assert!(bulkhead.try_acquire().is_err(), "there is room");
}

/// What somebody gets who asks for a permit.
pub type Acquired<'a> = Result<BulkheadPermit<'a>, BulkheadFull>;

/// Waits on a clock that it does not move.
pub struct HandTimer(pub ManualClock);

impl Sleep for HandTimer {
    fn sleep(&self, duration: Duration) -> Wait<'_> {
        let until = self.0.elapsed().saturating_add(duration);
        Box::pin(poll_fn(move |_| {
            if self.0.elapsed() < until {
                return Poll::Pending;
            }
            Poll::Ready(())
        }))
    }
}

/// For somebody who is not going to need a timer.
pub struct NoTimer;

impl Sleep for NoTimer {
    fn sleep(&self, duration: Duration) -> Wait<'_> {
        panic!("a timer for {duration:?} that nobody needs");
    }
}

/// Counts how often it is woken.
#[derive(Default)]
pub struct Bell(AtomicU32);

impl Bell {
    pub fn rings(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Somebody who asks for a permit.
pub struct Caller<'a> {
    asking: Pin<Box<dyn Future<Output = Acquired<'a>> + Send + 'a>>,
    pub bell: Arc<Bell>,
}

impl<'a> Caller<'a> {
    pub fn new(bulkhead: &'a Bulkhead, sleeper: &'a dyn Sleep) -> Self {
        Self {
            asking: Box::pin(bulkhead.acquire_on(sleeper)),
            bell: Arc::default(),
        }
    }

    /// What he gets, unless he still waits.
    pub fn poll(&mut self) -> Option<Acquired<'a>> {
        let waker = Waker::from(Arc::clone(&self.bell));
        self.poll_with(&waker)
    }

    pub fn poll_with(&mut self, waker: &Waker) -> Option<Acquired<'a>> {
        match self.asking.as_mut().poll(&mut Context::from_waker(waker)) {
            Poll::Ready(acquired) => Some(acquired),
            Poll::Pending => None,
        }
    }

    /// Somebody who has to wait.
    #[track_caller]
    pub fn waiting(bulkhead: &'a Bulkhead, sleeper: &'a dyn Sleep) -> Self {
        let mut caller = Self::new(bulkhead, sleeper);
        assert!(caller.poll().is_none(), "he does not have to wait");
        caller
    }

    /// He still waits.
    #[track_caller]
    pub fn assert_waits(&mut self) {
        assert!(self.poll().is_none(), "he does not wait any more");
    }

    /// The permit that he has been granted.
    #[track_caller]
    pub fn permit(mut self) -> BulkheadPermit<'a> {
        let acquired = self.poll().expect("he still waits");
        acquired.expect("he has waited in vain")
    }

    /// Why there was no permit for him.
    #[track_caller]
    pub fn full(mut self) -> BulkheadFull {
        let acquired = self.poll().expect("he still waits");
        acquired.expect_err("he has a permit")
    }
}
