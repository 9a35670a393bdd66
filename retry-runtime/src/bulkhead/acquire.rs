//! Acquiring a permit without a [`Call`](crate::Call): at once, as a thread, or as a task.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use super::full::{BulkheadFull, Why};
use super::{Bulkhead, BulkheadPermit, Ticket, WaitEnd};
use crate::abort::POLL_INTERVAL;
use crate::testing::{self, ManualClock};
#[cfg(feature = "tokio")]
use crate::time::{RuntimeTimers, Timers};
use crate::time::{Sleep, TimeSource, Timer};
use crate::wake::park_until;

/// On its own. A [`Call`](crate::Call) does it for each attempt.
impl Bulkhead {
    /// A permit, if there is one at once. Never waits, and never overtakes those who do.
    ///
    /// ```
    /// use retry_core::Bulkhead;
    ///
    /// static REPORTS: Bulkhead = Bulkhead::new("reports", 2);
    ///
    /// let permits = (REPORTS.try_acquire()?, REPORTS.try_acquire()?);
    /// assert!(REPORTS.try_acquire().is_err());
    /// drop(permits);
    /// assert!(REPORTS.try_acquire().is_ok());
    /// # Ok::<(), retry_core::BulkheadFull>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If all permits are taken, or somebody waits for one.
    pub fn try_acquire(&self) -> Result<BulkheadPermit<'_>, BulkheadFull> {
        self.try_enter().ok_or_else(|| self.reject(Why::Taken))
    }

    /// A permit, for which the task waits on tokio's timer for as long as [`wait`](Self::wait) says.
    ///
    /// Dropping the future leaves the queue. One that waits holds a block of memory, one that gets a permit at once none.
    ///
    /// ```
    /// use retry_core::Bulkhead;
    /// use std::time::Duration;
    ///
    /// static POOL: Bulkhead = Bulkhead::new("database", 10).wait(Duration::from_millis(200));
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let _permit = POOL.acquire().await?;
    /// // At most ten are here.
    /// # Ok::<(), retry_core::BulkheadFull>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// If there was no permit in that time, or the queue is full.
    ///
    /// # Panics
    ///
    /// If it has to wait outside of a tokio runtime with a timer.
    #[cfg(feature = "tokio")]
    #[inline]
    pub fn acquire(&self) -> impl Future<Output = Result<BulkheadPermit<'_>, BulkheadFull>> {
        Acquire::new(self, |bulkhead| {
            let sleep = |duration| RuntimeTimers.sleep(duration);
            bulkhead.queue_up(TimeSource::asynchronous(), sleep)
        })
    }

    /// As [`acquire`](Self::acquire), on another runtime. How long the wait took is read from the monotonic clock.
    ///
    /// ```
    /// use retry_core::{Bulkhead, Sleep, time::Wait};
    /// use std::time::Duration;
    ///
    /// static POOL: Bulkhead = Bulkhead::new("database", 10).wait(Duration::from_millis(200));
    ///
    /// struct OtherRuntime;
    ///
    /// impl Sleep for OtherRuntime {
    ///     fn sleep(&self, duration: Duration) -> Wait<'_> {
    /// #       let _ = duration;
    /// #       Box::pin(std::future::ready(()))
    /// #       /*
    ///         Box::pin(other_runtime::sleep(duration))
    /// #       */
    ///     }
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let _permit = POOL.acquire_on(&OtherRuntime).await?;
    /// # Ok::<(), retry_core::BulkheadFull>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire): if there was no permit in that time, or the queue is full.
    #[inline]
    pub fn acquire_on(
        &self,
        sleeper: &dyn Sleep,
    ) -> impl Future<Output = Result<BulkheadPermit<'_>, BulkheadFull>> {
        Acquire::new(self, move |bulkhead| {
            let sleep = move |duration| Timer::Boxed {
                wait: sleeper.sleep(duration),
            };
            bulkhead.queue_up(TimeSource::System, sleep)
        })
    }

    /// A permit, for which the thread waits for as long as [`wait`](Self::wait) says.
    ///
    /// Under an [installed](ManualClock::install) clock that time passes at once, unless it is without limit.
    ///
    /// ```
    /// use retry_core::Bulkhead;
    /// use std::{thread, time::Duration};
    ///
    /// static POOL: Bulkhead = Bulkhead::new("database", 1).wait(Duration::from_secs(60));
    ///
    /// let permit = POOL.acquire_blocking()?;
    /// let other = thread::spawn(|| POOL.acquire_blocking().is_ok());
    /// drop(permit);
    /// assert!(other.join().unwrap());
    /// # Ok::<(), retry_core::BulkheadFull>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire_on): if there was no permit in that time, or the queue is full.
    pub fn acquire_blocking(&self) -> Result<BulkheadPermit<'_>, BulkheadFull> {
        if let Some(permit) = self.try_enter() {
            return Ok(permit);
        }
        let time = TimeSource::System;
        let mut ticket = self.enqueue(time.now())?.timed_by(time);
        let longest = self.longest_wait_allowed();
        let clock = testing::simulated_clock().filter(|_| longest != Duration::MAX);
        let permit = match clock {
            Some(clock) => let_pass(&clock, longest, &mut ticket),
            None => park_until(longest, |context| ticket.poll(context)),
        };
        // Who gets a permit in the moment in which his time is over has it.
        let permit = permit.or_else(|| ticket.try_take());
        conclude(ticket, permit, time.now())
    }

    /// The wait of a task that has found no permit.
    #[cold]
    fn queue_up<'a, 's>(
        &'a self,
        time: TimeSource<'static>,
        sleep: impl Fn(Duration) -> Timer<'s>,
    ) -> Result<Boxed<impl Future<Output = Acquired<'a>>>, BulkheadFull> {
        let ticket = self.enqueue(time.now())?.timed_by(time);
        let longest = self.longest_wait_allowed();
        Ok(Box::pin(wait(ticket, longest, time, sleep)))
    }
}

type Acquired<'a> = Result<BulkheadPermit<'a>, BulkheadFull>;

type Boxed<W> = Pin<Box<W>>;

/// Tries at once, and waits only if that is in vain. By hand, as whoever calls an async function calls it also where he could be inlined; and
/// what waits is boxed, so that those who get a permit have no ticket and no timer to carry.
struct Acquire<'a, Q, W> {
    bulkhead: &'a Bulkhead,
    queue_up: Q,
    wait: Option<Boxed<W>>,
}

impl<'a, Q, W> Acquire<'a, Q, W>
where
    Q: Fn(&'a Bulkhead) -> Result<Boxed<W>, BulkheadFull>,
    W: Future<Output = Acquired<'a>>,
{
    #[inline]
    const fn new(bulkhead: &'a Bulkhead, queue_up: Q) -> Self {
        Self {
            bulkhead,
            queue_up,
            wait: None,
        }
    }

    #[cold]
    fn poll_wait(&mut self, context: &mut Context<'_>) -> Poll<Acquired<'a>> {
        let wait = match self.wait.take() {
            Some(wait) => wait,
            None => (self.queue_up)(self.bulkhead)?,
        };
        let polled = self.wait.insert(wait).as_mut().poll(context);
        if polled.is_ready() {
            self.wait = None;
        }
        polled
    }
}

impl<'a, Q, W> Future for Acquire<'a, Q, W>
where
    Q: Fn(&'a Bulkhead) -> Result<Boxed<W>, BulkheadFull> + Unpin,
    W: Future<Output = Acquired<'a>>,
{
    type Output = Acquired<'a>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Acquired<'a>> {
        if self.wait.is_none() {
            if let Some(permit) = self.bulkhead.try_enter() {
                return Poll::Ready(Ok(permit));
            }
        }
        self.poll_wait(context)
    }
}

async fn wait<'a, 's>(
    mut ticket: Ticket<'a>,
    longest: Duration,
    time: TimeSource<'static>,
    sleep: impl Fn(Duration) -> Timer<'s>,
) -> Acquired<'a> {
    let mut timer = pin!(Timer::Idle);
    let permit = poll_fn(|context| {
        if let Poll::Ready(permit) = ticket.poll(context) {
            return Poll::Ready(Some(permit));
        }
        if longest == Duration::MAX {
            return Poll::Pending;
        }
        if timer.is_idle() {
            timer.set(sleep(longest));
        }
        // Who gets a permit in the moment in which his time is over has it.
        timer.as_mut().poll(context).map(|()| ticket.try_take())
    });
    let permit = permit.await;
    conclude(ticket, permit, time.now())
}

/// Waits on a clock that moves only if somebody moves it: nobody else can, while this thread waits.
fn let_pass<'a>(
    clock: &ManualClock,
    longest: Duration,
    ticket: &mut Ticket<'a>,
) -> Option<BulkheadPermit<'a>> {
    let mut left = longest;
    while !left.is_zero() {
        if let Some(permit) = ticket.try_take() {
            return Some(permit);
        }
        let slice = left.min(POLL_INTERVAL);
        clock.sleep_blocking(slice);
        left -= slice;
        // Those who have a permit may be on other threads.
        thread::yield_now();
    }
    None
}

fn conclude<'a>(
    mut ticket: Ticket<'a>,
    permit: Option<BulkheadPermit<'a>>,
    now: Instant,
) -> Acquired<'a> {
    if let Some(permit) = permit {
        ticket.finish(WaitEnd::Granted, now);
        return Ok(permit);
    }
    ticket.finish(WaitEnd::TimedOut, now);
    Err(ticket.timed_out(now))
}
