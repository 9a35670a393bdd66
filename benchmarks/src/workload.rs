//! What is measured of a subject: the same piece of work, done so many times.
//!
//! The harness puts the same boundary around every subject: a function that is not inlined. So no subject merges with the loop around it, as
//! none does in a program that calls it from several places, and each pays for the boundary.

use std::fmt;
use std::future::Future;
use std::hint::black_box;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::Barrier;
use std::task::{Context, Poll};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use crate::heap::{self, Heap};

/// Work that can be repeated.
pub struct Workload {
    work: Box<dyn FnMut(u32) -> Run>,
    /// Of the call's future with all that it holds, where there is one.
    pub future_bytes: Option<usize>,
    /// How many threads it takes.
    pub threads: u32,
    /// How often it has to be done at a time, if that is not for the harness to say.
    pub times: Option<u32>,
}

/// What it took to do the work so many times.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Time by the wall.
    pub elapsed: Duration,
    /// What was allocated meanwhile, or is held at the moment that counts.
    pub heap: Heap,
}

impl Workload {
    /// A sync operation, called in a loop.
    pub fn sync<R>(mut operation: impl FnMut() -> R + 'static) -> Self {
        Self::new(1, move |times| repeat(times, &mut operation))
    }

    /// An async operation, awaited in a loop on a runtime of this thread.
    pub fn asynchronous<R>(mut operation: impl AsyncFnMut() -> R + 'static) -> Self {
        let runtime = current_thread();
        let future_bytes = {
            let _inside = runtime.enter();
            size_of_val(&operation())
        };
        let work = move |times| runtime.block_on(repeat_async(times, &mut operation));
        Self {
            future_bytes: Some(future_bytes),
            ..Self::new(1, work)
        }
    }

    /// The same, with each call boxed as `dyn Future`.
    pub fn asynchronous_dyn<R: 'static>(mut operation: impl AsyncFnMut() -> R + 'static) -> Self {
        let runtime = current_thread();
        Self::new(1, move |times| {
            runtime.block_on(async {
                for _ in 0..times {
                    let call: Pin<Box<dyn Future<Output = R> + '_>> = Box::pin(operation());
                    black_box(call.await);
                }
            });
        })
    }

    /// An async operation, awaited in a loop in a task on a runtime of two threads.
    pub fn multi_thread<R, F>(operation: fn() -> F) -> Self
    where
        R: Send + 'static,
        F: Future<Output = R> + Send + 'static,
    {
        let runtime = ready(
            Builder::new_multi_thread()
                .worker_threads(2)
                .enable_time()
                .build(),
        );
        let work = move |times| {
            let task = runtime.spawn(async move {
                for _ in 0..times {
                    black_box(Boundary(pin!(operation())).await);
                }
            });
            ready(runtime.block_on(task));
        };
        Self {
            threads: 2,
            ..Self::new(2, work)
        }
    }

    /// Each thread does its share of the times, all at once. `share` is called on each with how many those are.
    pub fn on_threads(threads: u32, share: impl Fn(u32) + Send + Sync + 'static) -> Self {
        if threads == 1 {
            return Self::new(1, share);
        }
        Self {
            work: Box::new(move |times| race(threads, times, &share)),
            future_bytes: None,
            threads,
            times: None,
        }
    }

    /// Work that says by itself what it took, always `times` times at once.
    pub fn whole(times: u32, work: impl FnMut() -> Run + 'static) -> Self {
        let mut work = work;
        Self {
            work: Box::new(move |_| work()),
            future_bytes: None,
            threads: 1,
            times: Some(times),
        }
    }

    fn new(threads: u32, mut work: impl FnMut(u32) + 'static) -> Self {
        Self {
            work: Box::new(move |times| {
                let (before, started) = (heap::allocated(), Instant::now());
                work(times);
                Run {
                    elapsed: started.elapsed(),
                    heap: heap::allocated() - before,
                }
            }),
            future_bytes: None,
            threads,
            times: None,
        }
    }

    /// Does it.
    pub fn run(&mut self, times: u32) -> Run {
        (self.work)(times)
    }
}

impl fmt::Debug for Workload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Workload")
            .field("future_bytes", &self.future_bytes)
            .field("threads", &self.threads)
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
}

/// The time from the moment in which the first thread begins until the last one is done: starting them is not in it.
fn race(threads: u32, times: u32, share: &(impl Fn(u32) + Sync)) -> Run {
    let before = heap::allocated();
    let start = Barrier::new(threads as usize);
    let run = || {
        start.wait();
        let started = Instant::now();
        share(times.div_ceil(threads));
        (started, Instant::now())
    };
    let moments: Vec<(Instant, Instant)> = thread::scope(|scope| {
        let racers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let join = |racer: ScopedJoinHandle<'_, _>| {
            racer.join().unwrap_or_else(|panic| resume_unwind(panic))
        };
        racers.into_iter().map(join).collect()
    });
    let first = moments.iter().map(|(started, _)| started).min();
    let last = moments.iter().map(|(_, ended)| ended).max();
    Run {
        elapsed: last
            .zip(first)
            .map_or(Duration::ZERO, |(last, first)| *last - *first),
        heap: heap::allocated() - before,
    }
}

/// Calls a sync operation so many times.
pub fn repeat<R>(times: u32, mut operation: impl FnMut() -> R) {
    for _ in 0..times {
        black_box(boundary(&mut operation));
    }
}

/// Awaits an async operation so many times.
pub async fn repeat_async<R>(times: u32, mut operation: impl AsyncFnMut() -> R) {
    for _ in 0..times {
        black_box(Boundary(pin!(operation())).await);
    }
}

/// The same on a runtime of this thread, made for it.
pub fn block_on_repeat<R>(times: u32, operation: impl AsyncFnMut() -> R) {
    current_thread().block_on(repeat_async(times, operation));
}

#[inline(never)]
fn boundary<R>(operation: &mut impl FnMut() -> R) -> R {
    operation()
}

struct Boundary<'f, F>(Pin<&'f mut F>);

impl<F: Future> Future for Boundary<'_, F> {
    type Output = F::Output;

    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.0.as_mut().poll(context)
    }
}

/// A runtime with a timer and no threads but this one.
#[must_use]
pub fn current_thread() -> Runtime {
    ready(Builder::new_current_thread().enable_time().build())
}

/// What the machine has to give for anything to be measured.
///
/// # Panics
///
/// If it does not.
pub fn ready<T, E: fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("nothing can be measured here: {error}"))
}
