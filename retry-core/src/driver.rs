//! The drivers: they run attempts, let time pass and carry out what the engine decides. They decide nothing.
//!
//! A [`Driver`] is the state of one call. It is small, because an async call's future holds it: what only a failure needs is in
//! [`Progress`], which is allocated when the first attempt fails.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use crate::abort::Abort;
use crate::class::{Cause, Classification, ErrorClass};
use crate::engine::{Decision, Engine, Failure, SleepRule, Surroundings};
use crate::event::{self, Event, EventKind, Observer};
use crate::judge::{DescribeError, Errors, JudgeError, JudgeValue};
use crate::outcome::{End, Report, StopReason};
use crate::site::Plan;
use crate::time::{Sleep, TimeSource, Timers, Wait};
use crate::timeline::{AttemptRecord, Timeline};
use crate::{switches, testing};

/// An abort that cannot wake a sleeper is looked at this often, at least.
const ABORT_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The behaviours of a call that do not depend on the operation's types.
#[derive(Clone, Copy)]
pub struct Hooks<'a> {
    pub(crate) time: TimeSource<'a>,
    pub(crate) abort: Option<&'a dyn Abort>,
    pub(crate) observer: Option<&'a dyn Observer>,
    pub(crate) on_sleep: Option<&'a SleepRule<'a>>,
    pub(crate) seed: Option<u64>,
    /// Record at most so many attempts.
    pub(crate) timeline: Option<usize>,
    /// The caller wants to know how long the call took.
    pub(crate) timed: bool,
}

impl<'a> Hooks<'a> {
    pub(crate) const fn new(time: TimeSource<'a>) -> Self {
        Self {
            time,
            abort: None,
            observer: None,
            on_sleep: None,
            seed: None,
            timeline: None,
            timed: false,
        }
    }

    #[inline]
    fn is_observed(&self) -> bool {
        self.observer.is_some() || switches::is_set(switches::GLOBAL_OBSERVER)
    }

    fn is_aborted(&self) -> bool {
        self.abort.is_some_and(Abort::is_aborted)
    }

    fn emit(&self, event: &Event<'_>) {
        if let Some(observer) = self.observer {
            event::notify(observer, event);
        }
        if let Some(observer) = event::global() {
            event::notify(observer, event);
        }
    }
}

/// The state of one call.
pub(crate) struct Driver<'a> {
    plan: &'a Plan<'a>,
    /// When the call began, if anybody needs to know.
    started: Option<Instant>,
    progress: Option<Box<Progress<'a>>>,
}

/// What a call has been through.
#[derive(Default)]
struct Progress<'a> {
    engine: Engine,
    /// When attempt 2 or later began, if anybody needs to know.
    attempt_started: Option<Instant>,
    /// What the running attempt waits for besides its own end.
    cut: Option<Cut<'a>>,
    /// The sleep before the next attempt.
    delay: Duration,
    /// An abort was seen during a sleep. A flag may be lowered again, but the sleep has been cut.
    aborted: bool,
    random: Option<fastrand::Rng>,
    timeline: Timeline,
    /// Of the last failure, if it was an error.
    error_type: Option<&'static str>,
    stop: Option<(StopReason, Option<Duration>)>,
}

struct Cut<'a> {
    timer: Wait<'a>,
    by_deadline: bool,
}

/// What is known about an attempt that has ended, besides how it is judged.
#[derive(Clone, Copy, Default)]
struct About<'a> {
    text: Option<&'a dyn fmt::Display>,
    error_type: Option<&'static str>,
}

/// How an attempt ended.
pub enum Attempted<R> {
    /// By itself.
    Finished(R),
    /// Cut by its timeout, or by the deadline.
    Cut {
        /// Whether it was the deadline.
        by_deadline: bool,
    },
}

impl<'a> Driver<'a> {
    pub(crate) const fn new(plan: &'a Plan<'a>) -> Self {
        Self {
            plan,
            started: None,
            progress: None,
        }
    }

    /// Whether the next attempt may start; if not, the call has ended.
    #[inline]
    pub(crate) fn may_start(&mut self, hooks: &Hooks<'_>, ruled: bool) -> bool {
        let watched = hooks.is_observed();
        if self.progress.is_none() {
            let policy = self.plan.policy;
            if watched
                || ruled
                || hooks.timed
                || hooks.timeline.is_some()
                || policy.max_elapsed().is_some()
                || policy.max_attempt_duration().is_some()
            {
                self.started = Some(hooks.time.now());
            }
            if !watched && hooks.abort.is_none() {
                return true;
            }
        }
        self.check_start(hooks, watched)
    }

    #[cold]
    #[inline(never)]
    fn check_start(&mut self, hooks: &Hooks<'_>, watched: bool) -> bool {
        let now = self.now(hooks);
        let elapsed = self.since_start(now);
        let aborted = hooks.is_aborted();
        let policy = self.plan.policy;
        let checked = match &mut self.progress {
            None => Engine::default().before_attempt(policy, aborted, elapsed),
            Some(progress) => {
                progress.attempt_started = now;
                progress
                    .engine
                    .before_attempt(policy, aborted || progress.aborted, elapsed)
            }
        };
        match checked {
            Ok(()) => {
                if watched {
                    hooks.emit(&self.event(EventKind::AttemptStarted, self.attempt(), elapsed));
                }
                true
            }
            Err(reason) => {
                self.stop(hooks, reason, None, elapsed, About::default());
                false
            }
        }
    }

    /// Judges an attempt that has ended: `Continue` if the call sleeps next, with what the attempt gave.
    #[inline]
    pub(crate) fn conclude<T, E, C, F, X>(
        &mut self,
        attempted: Attempted<Result<T, E>>,
        hooks: &Hooks<'_>,
        errors: &Errors<C, F, X>,
        values: &impl JudgeValue<T>,
    ) -> ControlFlow<End<T, E>, End<T, E>>
    where
        Errors<C, F, X>: JudgeError<E>,
        X: DescribeError<E>,
    {
        let (end, retry) = match attempted {
            Attempted::Finished(Ok(value)) => match values.judge(&value) {
                None => {
                    self.succeed(hooks);
                    return ControlFlow::Break(End::Success(value));
                }
                Some(classification) => {
                    let retry = self.fail_with_value(hooks, classification);
                    (End::Value(value), retry)
                }
            },
            Attempted::Finished(Err(error)) => {
                let failure = errors.judge(&error).into_failure(Cause::Error);
                let retry = errors.text.with_text(&error, |text| {
                    let error_type = Some(std::any::type_name::<E>());
                    self.fail(hooks, failure, About { text, error_type })
                });
                (End::Error(error), retry)
            }
            Attempted::Cut { by_deadline } => {
                (End::Nothing, self.fail_with_timeout(hooks, by_deadline))
            }
        };
        if retry {
            ControlFlow::Continue(end)
        } else {
            ControlFlow::Break(end)
        }
    }

    #[inline]
    fn succeed(&mut self, hooks: &Hooks<'_>) {
        if hooks.is_observed() || hooks.timeline.is_some() {
            self.announce_success(hooks);
        }
    }

    #[cold]
    #[inline(never)]
    fn announce_success(&mut self, hooks: &Hooks<'_>) {
        let now = self.now(hooks);
        let elapsed = self.since_start(now);
        let attempt = self.attempt();
        let duration = self.attempt_duration(now);
        if hooks.is_observed() {
            let ended = self.event(EventKind::AttemptEnded, attempt, elapsed);
            hooks.emit(&Event {
                duration: Some(duration),
                ..ended
            });
            hooks.emit(&self.event(EventKind::Success, attempt, elapsed));
        }
        self.record(hooks, elapsed, duration, None, About::default(), None);
    }

    #[cold]
    #[inline(never)]
    fn fail_with_value(&mut self, hooks: &Hooks<'_>, classification: Classification) -> bool {
        let failure = Failure {
            classification,
            cause: Cause::Value,
            refused: false,
            cut_by_deadline: false,
        };
        self.fail(hooks, failure, About::default())
    }

    #[cold]
    #[inline(never)]
    fn fail_with_timeout(&mut self, hooks: &Hooks<'_>, cut_by_deadline: bool) -> bool {
        let failure = Failure {
            classification: Classification::new(ErrorClass::Transient),
            cause: Cause::Timeout,
            refused: false,
            cut_by_deadline,
        };
        self.fail(hooks, failure, About::default())
    }

    /// Takes notice of a failure; whether there will be another attempt.
    #[cold]
    #[inline(never)]
    fn fail(&mut self, hooks: &Hooks<'_>, failure: Failure, about: About<'_>) -> bool {
        let now = self.now(hooks);
        let elapsed = self.since_start(now);
        let duration = self.attempt_duration(now);
        if hooks.is_observed() {
            let ended = self.event(EventKind::AttemptEnded, self.attempt(), elapsed);
            hooks.emit(&Event {
                duration: Some(duration),
                class: Some(failure.classification.class),
                cause: Some(failure.cause),
                error: about.text,
                error_type: about.error_type,
                ..ended
            });
        }
        self.progress().error_type = about.error_type;
        let decision = self.decide(hooks, &failure, elapsed);
        let delay = match decision {
            Decision::Retry(delay) => Some(delay),
            Decision::Stop(_) | Decision::Defer(_) => None,
        };
        self.record(hooks, elapsed, duration, Some(&failure), about, delay);
        match decision {
            Decision::Retry(delay) => self.plan_retry(hooks, delay, elapsed, about),
            Decision::Stop(reason) => self.stop(hooks, reason, None, elapsed, about),
            Decision::Defer(delay) => {
                self.stop(hooks, StopReason::Scheduled, Some(delay), elapsed, about);
            }
        }
        delay.is_some()
    }

    fn decide(&mut self, hooks: &Hooks<'_>, failure: &Failure, elapsed: Duration) -> Decision {
        let policy = self.plan.policy;
        let Progress {
            engine,
            cut,
            random,
            ..
        } = self.progress();
        *cut = None;
        engine.after_failure(
            policy,
            failure,
            Surroundings {
                elapsed,
                aborted: hooks.is_aborted(),
                on_sleep: hooks.on_sleep,
                random: &mut || match hooks.seed {
                    Some(seed) => random
                        .get_or_insert_with(|| fastrand::Rng::with_seed(seed))
                        .f64(),
                    None => testing::seeded_random().unwrap_or_else(fastrand::f64),
                },
                run_once: switches::is_set(switches::RUN_ONCE),
            },
        )
    }

    fn plan_retry(
        &mut self,
        hooks: &Hooks<'_>,
        delay: Duration,
        elapsed: Duration,
        about: About<'_>,
    ) {
        let progress = self.progress();
        progress.delay = delay;
        if hooks.is_observed() {
            let retry = self.event_of_failure(EventKind::Retry, elapsed, about);
            hooks.emit(&Event {
                delay: Some(delay),
                ..retry
            });
        }
    }

    /// Ends the call. The caller must have counted the failure, if there was one.
    #[cold]
    fn stop(
        &mut self,
        hooks: &Hooks<'_>,
        reason: StopReason,
        next_delay: Option<Duration>,
        elapsed: Duration,
        about: About<'_>,
    ) {
        let progress = self.progress();
        progress.stop = Some((reason, next_delay));
        progress.timeline.end();
        let error_type = progress.error_type;
        if hooks.is_observed() {
            let about = About {
                error_type,
                ..about
            };
            let terminal = self.event_of_failure(reason.event(), elapsed, about);
            hooks.emit(&Event {
                delay: next_delay,
                stop_reason: Some(reason),
                ..terminal
            });
        }
    }

    fn progress(&mut self) -> &mut Progress<'a> {
        self.progress.get_or_insert_default()
    }

    fn failures(&self) -> u32 {
        self.progress
            .as_ref()
            .map_or(0, |progress| progress.engine.failures())
    }

    fn last_failure(&self) -> Option<&Failure> {
        self.progress
            .as_ref()
            .and_then(|progress| progress.engine.last())
    }

    /// The attempt that runs, or would run next.
    fn attempt(&self) -> u32 {
        self.failures().saturating_add(1)
    }

    /// The present, if anybody needs to know.
    fn now(&self, hooks: &Hooks<'_>) -> Option<Instant> {
        self.started.map(|_| hooks.time.now())
    }

    fn since_start(&self, now: Option<Instant>) -> Duration {
        between(self.started, now)
    }

    fn attempt_started(&self) -> Option<Instant> {
        let later = self
            .progress
            .as_ref()
            .and_then(|progress| progress.attempt_started);
        later.or(self.started)
    }

    fn attempt_duration(&self, now: Option<Instant>) -> Duration {
        between(self.attempt_started(), now)
    }

    fn event<'e>(&self, kind: EventKind, attempt: u32, elapsed: Duration) -> Event<'e> {
        Event::new(kind, self.plan.operation, attempt, elapsed)
    }

    /// An event about the last failure, if there was one.
    fn event_of_failure<'e>(
        &self,
        kind: EventKind,
        elapsed: Duration,
        about: About<'e>,
    ) -> Event<'e> {
        let failure = self.last_failure();
        Event {
            class: failure.map(|failure| failure.classification.class),
            cause: failure.map(|failure| failure.cause),
            error: about.text,
            error_type: about.error_type,
            ..self.event(kind, self.failures(), elapsed)
        }
    }

    fn record(
        &mut self,
        hooks: &Hooks<'_>,
        elapsed: Duration,
        duration: Duration,
        failure: Option<&Failure>,
        about: About<'_>,
        delay: Option<Duration>,
    ) {
        let Some(limit) = hooks.timeline else { return };
        // A failure has been counted, a success has not.
        let number = if failure.is_some() {
            self.failures()
        } else {
            self.attempt()
        };
        let attempt = AttemptRecord {
            number,
            start: elapsed.saturating_sub(duration),
            duration,
            class: failure.map(|failure| failure.classification.class),
            cause: failure.map(|failure| failure.cause),
            error: about.text.map(|text| text.to_string()),
            delay,
        };
        self.progress().timeline.record(attempt, limit);
    }

    /// What there is to say at the end of the call.
    #[cold]
    pub(crate) fn report(&mut self, hooks: &Hooks<'_>) -> Report {
        let elapsed = self.since_start(self.now(hooks));
        let failure = self.last_failure().copied();
        let stop = self.progress.as_ref().and_then(|progress| progress.stop);
        Report {
            operation: self.plan.operation,
            reason: stop.map(|(reason, _)| reason),
            attempts: if stop.is_some() {
                self.failures()
            } else {
                self.attempt()
            },
            elapsed,
            class: failure.map(|failure| failure.classification.class),
            cause: failure.map(|failure| failure.cause),
            retry_after: failure.and_then(|failure| failure.classification.retry_after),
            next_delay: stop.and_then(|(_, next_delay)| next_delay),
            timeline: self
                .progress
                .take()
                .map(|progress| progress.timeline)
                .unwrap_or_default(),
        }
    }

    /// Sleeps before the next attempt, less long if there is an abort.
    pub(crate) async fn pause<Z: Timers<'a>>(&mut self, timers: Z, abort: Option<&dyn Abort>) {
        let Some(delay) = self.take_delay() else {
            return;
        };
        let Some(abort) = abort else {
            return timers.sleep(delay).await;
        };
        let aborted = match abort.aborted() {
            Some(aborted) => {
                Race {
                    first: aborted,
                    second: timers.sleep(delay),
                }
                .await
            }
            None => pause_in_slices(timers, abort, delay).await,
        };
        self.progress().aborted = aborted;
    }

    /// The same, blocking the thread.
    pub(crate) fn pause_blocking(
        &mut self,
        sleeper: Option<&dyn Sleep>,
        abort: Option<&dyn Abort>,
    ) {
        let Some(delay) = self.take_delay() else {
            return;
        };
        let aborted = match (sleeper, testing::simulated_clock()) {
            (Some(sleeper), _) => {
                sleep_in_slices(|slice| sleeper.sleep_blocking(slice), abort, delay)
            }
            (None, Some(clock)) => {
                sleep_in_slices(|slice| clock.sleep_blocking(slice), abort, delay)
            }
            (None, None) => match abort.and_then(Abort::aborted) {
                Some(aborted) => park_until(aborted, delay),
                None => sleep_in_slices(thread::sleep, abort, delay),
            },
        };
        self.progress().aborted = aborted;
    }

    /// The sleep that is due, if it is one.
    fn take_delay(&mut self) -> Option<Duration> {
        let delay = self
            .progress
            .as_mut()
            .map(|progress| std::mem::take(&mut progress.delay))?;
        (!delay.is_zero() && !switches::is_set(switches::SKIP_WAITS)).then_some(delay)
    }

    #[cold]
    #[inline(never)]
    fn poll_cut<Z: Timers<'a>>(&mut self, timers: Z, context: &mut Context<'_>) -> Poll<bool> {
        let policy = self.plan.policy;
        let Some(timeout) = policy.max_attempt_duration() else {
            return Poll::Pending;
        };
        if self.progress().cut.is_none() {
            let (left, by_deadline) = self.time_left(timers.now(), timeout, policy.max_elapsed());
            if left.is_zero() {
                return Poll::Ready(by_deadline);
            }
            self.progress().cut = Some(Cut {
                timer: timers.sleep(left),
                by_deadline,
            });
        }
        match &mut self.progress().cut {
            Some(cut) => {
                ready!(cut.timer.as_mut().poll(context));
                Poll::Ready(cut.by_deadline)
            }
            None => Poll::Pending,
        }
    }

    /// What is left of the running attempt's time, and whether it is the deadline that ends it.
    fn time_left(
        &self,
        now: Instant,
        timeout: Duration,
        deadline: Option<Duration>,
    ) -> (Duration, bool) {
        let now = Some(now);
        let left = timeout.saturating_sub(self.attempt_duration(now));
        let remaining = deadline.map(|deadline| deadline.saturating_sub(self.since_start(now)));
        match remaining {
            Some(remaining) if remaining <= left => (remaining, true),
            _ => (left, false),
        }
    }
}

/// Zero if either is unknown, or if the clock went back.
fn between(earlier: Option<Instant>, later: Option<Instant>) -> Duration {
    match (earlier, later) {
        (Some(earlier), Some(later)) => later.saturating_duration_since(earlier),
        _ => Duration::ZERO,
    }
}

async fn pause_in_slices<'a>(timers: impl Timers<'a>, abort: &dyn Abort, delay: Duration) -> bool {
    let mut left = delay;
    while !left.is_zero() {
        if abort.is_aborted() {
            return true;
        }
        let slice = left.min(ABORT_POLL_INTERVAL);
        timers.sleep(slice).await;
        left -= slice;
    }
    false
}

fn sleep_in_slices(sleep: impl Fn(Duration), abort: Option<&dyn Abort>, delay: Duration) -> bool {
    let Some(abort) = abort else {
        sleep(delay);
        return false;
    };
    let mut left = delay;
    while !left.is_zero() {
        if abort.is_aborted() {
            return true;
        }
        let slice = left.min(ABORT_POLL_INTERVAL);
        sleep(slice);
        left -= slice;
    }
    false
}

/// Blocks until `aborted` completes or `delay` has passed; whether it completed.
fn park_until(mut aborted: Wait<'_>, delay: Duration) -> bool {
    let started = Instant::now();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if aborted.as_mut().poll(&mut context).is_ready() {
            return true;
        }
        let left = delay.saturating_sub(started.elapsed());
        if left.is_zero() {
            return false;
        }
        thread::park_timeout(left);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Completes with the first of two waits; whether it was the first named.
struct Race<'a, 'b> {
    first: Wait<'a>,
    second: Wait<'b>,
}

impl Future for Race<'_, '_> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        if self.first.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        ready!(self.second.as_mut().poll(context));
        Poll::Ready(false)
    }
}

pin_project! {
    /// An attempt that runs, and is cut when its time is over.
    #[must_use = "futures do nothing unless polled"]
    pub struct Attempting<'d, 'a, Z, F> {
        driver: &'d mut Driver<'a>,
        timers: Z,
        #[pin]
        operation: F,
    }
}

impl<'d, 'a, Z: Timers<'a>, F: Future> Attempting<'d, 'a, Z, F> {
    pub(crate) const fn new(driver: &'d mut Driver<'a>, timers: Z, operation: F) -> Self {
        Self {
            driver,
            timers,
            operation,
        }
    }
}

impl<'a, Z: Timers<'a>, F: Future> Future for Attempting<'_, 'a, Z, F> {
    type Output = Attempted<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The operation first: an attempt that ends as its time does has ended.
        if let Poll::Ready(result) = this.operation.poll(context) {
            return Poll::Ready(Attempted::Finished(result));
        }
        if this.driver.plan.policy.max_attempt_duration().is_none() {
            return Poll::Pending;
        }
        this.driver
            .poll_cut(*this.timers, context)
            .map(|by_deadline| Attempted::Cut { by_deadline })
    }
}

/// The blocking driver.
#[inline]
pub(crate) fn drive_blocking<T, E, C, F, X, V>(
    driver: &mut Driver<'_>,
    hooks: &Hooks<'_>,
    sleeper: Option<&dyn Sleep>,
    errors: &Errors<C, F, X>,
    values: &V,
    mut operation: impl FnMut() -> Result<T, E>,
) -> End<T, E>
where
    Errors<C, F, X>: JudgeError<E>,
    X: DescribeError<E>,
    V: JudgeValue<T>,
{
    let mut last = End::Nothing;
    loop {
        if !driver.may_start(hooks, V::RULED) {
            return last;
        }
        drop(last);
        let attempted = Attempted::Finished(operation());
        last = match driver.conclude(attempted, hooks, errors, values) {
            ControlFlow::Break(end) => return end,
            ControlFlow::Continue(end) => end,
        };
        driver.pause_blocking(sleeper, hooks.abort);
    }
}

/// The async driver. The attribute's expansion is this loop, written into the user's function.
#[inline]
pub(crate) async fn drive<'a, T, E, C, F, X, V, Z, Fut>(
    driver: &mut Driver<'a>,
    hooks: impl Fn() -> Hooks<'a>,
    timers: Z,
    errors: &Errors<C, F, X>,
    values: &V,
    mut operation: impl FnMut() -> Fut,
) -> End<T, E>
where
    Fut: Future<Output = Result<T, E>>,
    Errors<C, F, X>: JudgeError<E>,
    X: DescribeError<E>,
    V: JudgeValue<T>,
    Z: Timers<'a>,
{
    let mut last = End::Nothing;
    loop {
        if !driver.may_start(&hooks(), V::RULED) {
            return last;
        }
        drop(last);
        let attempted = Attempting::new(driver, timers, operation()).await;
        last = match driver.conclude(attempted, &hooks(), errors, values) {
            ControlFlow::Break(end) => return end,
            ControlFlow::Continue(end) => end,
        };
        driver.pause(timers, hooks().abort).await;
    }
}
