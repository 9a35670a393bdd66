//! The async driver.

use std::future::Future;
use std::mem;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::{Admission, Attempted, Conduct, Driver, Due, Glance, History, Holding, Kept, Verdict};
use crate::abort::{Abort, POLL_INTERVAL};
use crate::judge::JudgeValue;
use crate::site::Plan;
use crate::time::{TimeSource, Timer, Timers, Wait};

/// How an abort is noticed during a sleep.
pub(crate) enum Watch<'w> {
    Nobody,
    /// By looking again and again.
    Looking(&'w dyn Abort),
    /// By being woken.
    Woken(Wait<'w>),
}

impl<'w> Watch<'w> {
    pub(super) fn new(abort: Option<&'w dyn Abort>) -> Self {
        match abort.map(|abort| (abort, abort.aborted())) {
            None => Self::Nobody,
            Some((abort, None)) => Self::Looking(abort),
            Some((_, Some(aborted))) => Self::Woken(aborted),
        }
    }

    /// The part of a sleep after which somebody has to look.
    pub(super) fn slice_of(&self, delay: Duration) -> Duration {
        match self {
            Self::Looking(_) => delay.min(POLL_INTERVAL),
            Self::Nobody | Self::Woken(_) => delay,
        }
    }

    pub(super) fn poll_aborted(&mut self, context: &mut Context<'_>) -> bool {
        match self {
            Self::Nobody => false,
            Self::Looking(abort) => abort.is_aborted(),
            Self::Woken(aborted) => aborted.as_mut().poll(context).is_ready(),
        }
    }
}

impl<'a, 'g, K, E, G: Holding<'g>> Driver<'a, K, E, G> {
    /// Who looks out for an abort while the call sleeps or queues, if it does.
    #[cold]
    pub(super) fn watch<'w>(&self, abort: Option<&'w dyn Abort>) -> Watch<'w> {
        match self.state.progress() {
            Some(progress) if !progress.delay.is_zero() => Watch::new(abort),
            _ => Watch::Nobody,
        }
    }

    /// The same for the call to keep: the future of a whole call has no room for it.
    #[cold]
    fn keep_watch(&mut self, abort: Option<&'a dyn Abort>) {
        let watch = self.watch(abort);
        if let Some(history) = self.state.history() {
            *history.project().watch = watch;
        }
    }

    #[inline]
    pub(super) fn poll_attempt<R>(
        &mut self,
        plan: &'a Plan<'a>,
        timers: impl Timers<'a>,
        operation: Pin<&mut impl Future<Output = R>>,
        context: &mut Context<'_>,
    ) -> Poll<Attempted<R>> {
        // The operation first: an attempt that ends as its time does has ended.
        if let Poll::Ready(result) = operation.poll(context) {
            return Poll::Ready(Attempted::Finished(result));
        }
        if plan.policy.max_attempt_duration().is_none() {
            return Poll::Pending;
        }
        let cut = self.poll_cut(plan, timers, context);
        cut.map(|()| Attempted::Cut)
    }

    /// Comes when the attempt's time is over.
    #[cold]
    #[inline(never)]
    fn poll_cut(
        &mut self,
        plan: &'a Plan<'a>,
        timers: impl Timers<'a>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let mut history = self.state.take_history(plan);
        let cut = history.as_mut().poll_cut(timers, context);
        self.state.put_back(history);
        cut
    }

    /// The sleep before the next attempt, or the wait for the bulkhead, if there is one.
    #[cold]
    pub(super) fn poll_pause(
        &mut self,
        timers: impl Timers<'a>,
        watch: &mut Watch<'_>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let Some(history) = self.state.history() else {
            return Poll::Ready(());
        };
        let held = self.guards.held();
        if held.is_some_and(|held| held.poll_queue(context).is_ready()) {
            history.end_pause();
            return Poll::Ready(());
        }
        history.poll_pause(timers, watch, context)
    }

    /// The same with the watch that the call keeps.
    #[cold]
    fn poll_kept_pause(&mut self, timers: impl Timers<'a>, context: &mut Context<'_>) -> Poll<()> {
        let Some(history) = self.state.history() else {
            return Poll::Ready(());
        };
        let mut watch = mem::replace(history.project().watch, Watch::Nobody);
        let pause = self.poll_pause(timers, &mut watch, context);
        if let (Poll::Pending, Some(history)) = (pause, self.state.history()) {
            *history.project().watch = watch;
        }
        pause
    }
}

impl<'a, K, E> History<'a, K, E> {
    fn poll_cut(
        self: Pin<&mut Self>,
        timers: impl Timers<'a>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let mut this = self.project();
        let Some(timeout) = this.progress.plan.policy.max_attempt_duration() else {
            return Poll::Pending;
        };
        if this.progress.cut.is_none() {
            let (left, by_deadline) = this.progress.time_left(timers.now(), timeout);
            this.progress.cut = Some(by_deadline);
            if left.is_zero() {
                return Poll::Ready(());
            }
            this.timer.set(timers.sleep(left));
        }
        this.timer.poll(context)
    }

    fn poll_pause(
        mut self: Pin<&mut Self>,
        timers: impl Timers<'a>,
        watch: &mut Watch<'_>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let mut this = self.as_mut().project();
        loop {
            let delay = &mut this.progress.delay;
            if this.timer.is_idle() {
                if delay.is_zero() {
                    return Poll::Ready(());
                }
                let slice = watch.slice_of(*delay);
                *delay -= slice;
                this.timer.set(timers.sleep(slice));
            }
            if watch.poll_aborted(context) {
                this.progress.aborted = true;
                self.end_pause();
                return Poll::Ready(());
            }
            ready!(this.timer.as_mut().poll(context));
            this.timer.set(Timer::Idle);
        }
    }

    /// Whoever asks again must not go on sleeping.
    fn end_pause(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.timer.set(Timer::Idle);
        this.progress.delay = Duration::ZERO;
    }
}

pin_project! {
    /// A whole call. The attribute's expansion is the same loop, written into the user's function.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Run<'c, T, E, G, C, O, Fut> {
        driver: Driver<'c, Kept<T>, E, G>,
        conductor: C,
        operation: O,
        // The one that runs.
        #[pin]
        attempt: Option<Fut>,
    }
}

/// What follows in a call that does not wait.
enum Next<R> {
    /// An attempt that may start.
    Attempt,
    /// The end.
    End(R),
}

impl<'c, T, E, G, C, O, Fut> Run<'c, T, E, G, C, O, Fut> {
    pub(crate) const fn new(driver: Driver<'c, Kept<T>, E, G>, conductor: C, operation: O) -> Self {
        Self {
            driver,
            conductor,
            operation,
            attempt: None,
        }
    }
}

impl<'c, 'g, T, E, G, C, O, Fut> Future for Run<'c, T, E, G, C, O, Fut>
where
    G: Holding<'g>,
    C: Conduct<'c, T, E> + Timers<'c> + Copy,
    O: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Output = C::End;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<C::End> {
        let mut this = self.project();
        let (driver, conductor) = (this.driver, *this.conductor);
        let plan = conductor.plan();
        let hooks = conductor.hooks(TimeSource::asynchronous());
        loop {
            let next = if let Some(attempt) = this.attempt.as_mut().as_pin_mut() {
                let attempted = ready!(driver.poll_attempt(plan, conductor, attempt, context));
                // Dropped before it is judged: a cut attempt is over.
                this.attempt.set(None);
                let glance = match &attempted {
                    Attempted::Finished(result) => {
                        let (errors, values) = (conductor.errors(), conductor.values());
                        driver.glance(plan, result.as_ref(), &hooks, errors, values)
                    }
                    Attempted::Cut => Glance::Unsettled(Verdict::Open),
                };
                match glance {
                    Glance::Success => {
                        let end = attempted.into();
                        return Poll::Ready(conductor.finish(driver, &hooks, end));
                    }
                    Glance::Again => Next::Attempt,
                    Glance::Unsettled(verdict) => {
                        ready!(go_on(conductor, driver, attempted, verdict, context))
                    }
                }
            } else {
                let begins = driver.is_new();
                if begins && driver.begins_at_once(plan, &hooks, C::Values::RULED) {
                    Next::Attempt
                } else {
                    ready!(ask(conductor, driver, begins, context))
                }
            };
            match next {
                Next::Attempt => this.attempt.set(Some((this.operation)())),
                Next::End(end) => return Poll::Ready(end),
            }
        }
    }
}

/// What follows on an attempt that is not settled at a glance.
#[cold]
#[inline(never)]
fn go_on<'c, 'g, T, E, G, C>(
    conductor: C,
    driver: &mut Driver<'c, Kept<T>, E, G>,
    attempted: Attempted<Result<T, E>>,
    verdict: Verdict,
    context: &mut Context<'_>,
) -> Poll<Next<C::End>>
where
    G: Holding<'g>,
    C: Conduct<'c, T, E> + Timers<'c> + Copy,
{
    let plan = conductor.plan();
    let hooks = conductor.hooks(TimeSource::asynchronous());
    match driver.conclude(plan, attempted, verdict, &hooks, conductor.errors()) {
        ControlFlow::Break(end) => Poll::Ready(Next::End(conductor.finish(driver, &hooks, end))),
        ControlFlow::Continue(()) => {
            driver.keep_watch(hooks.abort);
            ask(conductor, driver, false, context)
        }
    }
}

/// Asks whether the next attempt may start, and waits where it may not yet. `begins`: it is the first, and cannot start without asking.
#[cold]
#[inline(never)]
fn ask<'c, 'g, T, E, G, C>(
    conductor: C,
    driver: &mut Driver<'c, Kept<T>, E, G>,
    mut begins: bool,
    context: &mut Context<'_>,
) -> Poll<Next<C::End>>
where
    G: Holding<'g>,
    C: Conduct<'c, T, E> + Timers<'c> + Copy,
{
    let plan = conductor.plan();
    let hooks = conductor.hooks(TimeSource::asynchronous());
    loop {
        let admission = if mem::take(&mut begins) {
            driver.begin_asking(plan, &hooks)
        } else {
            let waits = matches!(driver.due(), Due::AfterPause);
            assert!(waits, "a call that has ended was polled again");
            ready!(driver.poll_kept_pause(conductor, context));
            driver.may_go_on(&hooks, conductor.errors())
        };
        match admission {
            Admission::Granted => return Poll::Ready(Next::Attempt),
            Admission::Queued => driver.keep_watch(hooks.abort),
            Admission::Refused => {
                let end = driver.take_last();
                return Poll::Ready(Next::End(conductor.finish(driver, &hooks, end)));
            }
        }
    }
}
