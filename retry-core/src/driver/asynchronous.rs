//! The async driver.

use std::future::Future;
use std::mem;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::{Admission, Attempted, Driver, Due, History, Holding, Hooks, Kept, Settled};
use crate::abort::{Abort, POLL_INTERVAL};
use crate::judge::{DescribeError, JudgeError, JudgeValue};
use crate::outcome::End;
use crate::site::Plan;
use crate::time::{Timer, Timers, Wait};

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

/// What a whole call needs to know, one pointer wide.
pub(crate) trait Conduct<'c, T, E>: Timers<'c> {
    type Errors: JudgeError<E> + DescribeError<E>;
    type Values: JudgeValue<T>;

    fn plan(self) -> &'c Plan<'c>;

    fn hooks(self) -> Hooks<'c>;

    fn errors(&self) -> &Self::Errors;

    fn values(&self) -> &Self::Values;
}

pin_project! {
    /// A whole call. The attribute's expansion is the same loop, written into the user's function.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Run<'c, T, E, G, K, O, Fut, N> {
        driver: Driver<'c, Kept<T>, E, G>,
        conductor: K,
        operation: O,
        finish: N,
        // The one that runs.
        #[pin]
        attempt: Option<Fut>,
    }
}

impl<'c, T, E, G, K, O, Fut, N> Run<'c, T, E, G, K, O, Fut, N> {
    pub(crate) const fn new<R>(
        driver: Driver<'c, Kept<T>, E, G>,
        conductor: K,
        operation: O,
        finish: N,
    ) -> Self
    where
        K: Conduct<'c, T, E>,
        O: FnMut() -> Fut,
        N: Fn(K, &mut Driver<'c, Kept<T>, E, G>, End<T, E>) -> R,
    {
        Self {
            driver,
            conductor,
            operation,
            finish,
            attempt: None,
        }
    }
}

impl<'c, 'g, T, E, G, K, O, Fut, N, R> Future for Run<'c, T, E, G, K, O, Fut, N>
where
    G: Holding<'g>,
    K: Conduct<'c, T, E>,
    O: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
    N: Fn(K, &mut Driver<'c, Kept<T>, E, G>, End<T, E>) -> R,
{
    type Output = R;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        let mut this = self.project();
        let (driver, conductor) = (this.driver, *this.conductor);
        let (plan, hooks, errors) = (conductor.plan(), conductor.hooks(), conductor.errors());
        let end = loop {
            let Some(attempt) = this.attempt.as_mut().as_pin_mut() else {
                match driver.due() {
                    Due::Now => {}
                    Due::AfterPause => ready!(driver.poll_kept_pause(conductor, context)),
                    Due::No => panic!("a call that has ended was polled again"),
                }
                let ruled = <K::Values as JudgeValue<T>>::RULED;
                match driver.may_start(plan, &hooks, ruled, errors) {
                    Admission::Granted => this.attempt.set(Some((this.operation)())),
                    Admission::Queued => driver.keep_watch(hooks.abort),
                    Admission::Refused => break driver.take_last(),
                }
                continue;
            };
            let attempted = ready!(driver.poll_attempt(plan, conductor, attempt, context));
            // Dropped before it is judged: a cut attempt is over.
            this.attempt.set(None);
            match driver.settle(plan, attempted, &hooks, errors, conductor.values()) {
                Settled::Success(value) => {
                    let end = End::Success(value);
                    return Poll::Ready((this.finish)(conductor, driver, end));
                }
                Settled::Again => this.attempt.set(Some((this.operation)())),
                Settled::Unsettled(unsettled) => {
                    let hooks = hooks.copied();
                    match driver.conclude(plan, unsettled, &hooks, errors) {
                        ControlFlow::Break(end) => break end,
                        ControlFlow::Continue(()) => driver.keep_watch(hooks.abort),
                    }
                }
            }
        };
        Poll::Ready((this.finish)(conductor, driver, end))
    }
}
