//! The drivers: they run attempts, let time pass and carry out what the engine decides. They decide nothing.
//!
//! A [`Driver`] is the state of one call. It is small, because an async call's future holds it: what only a failure needs is its
//! [`History`], which is allocated when there is something to remember and holds all there is to hold. Nor does it hold what its owner can tell it
//! again: the plan and the behaviours. What does not depend on the operation's types is [`Progress`], whose code is cold and compiled once.

mod asynchronous;
mod blocking;
mod conduct;
mod guards;
mod progress;
#[cfg(feature = "tokio")]
mod steps;

use std::mem;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

pub(crate) use self::asynchronous::Run;
use self::asynchronous::Watch;
pub(crate) use self::blocking::drive;
pub(crate) use self::conduct::Conduct;
pub use self::guards::Guards;
use self::guards::UntilProbe;
pub(crate) use self::guards::{Guarding, Held, Holding, Unguarded};
use self::progress::{About, Progress};
#[cfg(feature = "tokio")]
pub(crate) use self::steps::{Attempting, Pausing};
use crate::abort::Abort;
use crate::attempt::Attempt;
use crate::breaker::Asker;
use crate::class::{Cause, Classification, ErrorClass};
use crate::engine::{self, Failure, SleepRule};
use crate::event::{self, Event, Observer, Telling};
use crate::guard::Identity;
use crate::judge::{DescribeError, JudgeError, JudgeValue};
use crate::listener::Listener;
use crate::outcome::{End, Report, StopReason};
use crate::site::Plan;
use crate::switches;
use crate::time::{TimeSource, Timer};
use crate::timeline::Timeline;

/// The behaviours of a call that do not depend on the operation's types.
#[derive(Clone, Copy)]
pub struct Hooks<'a> {
    pub(crate) time: TimeSource<'a>,
    pub(crate) abort: Option<&'a dyn Abort>,
    pub(crate) observer: Option<&'a dyn Observer>,
    /// Told after the observer.
    pub(crate) listener: Option<&'a dyn Listener>,
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
            listener: None,
            on_sleep: None,
            seed: None,
            timeline: None,
            timed: false,
        }
    }

    /// A copy for cold code: what is passed by reference stays in memory, and the hot path should keep the original in registers.
    #[inline]
    pub(crate) const fn copied(&self) -> Self {
        *self
    }

    #[inline]
    fn is_observed(&self) -> bool {
        self.observer.is_some()
            || self.listener.is_some()
            || switches::is_set(switches::GLOBAL_OBSERVER)
    }

    /// Whether anybody is told of what becomes of an attempt.
    #[inline]
    fn are_told(&self) -> bool {
        self.is_observed() || self.timeline.is_some()
    }

    fn is_aborted(&self) -> bool {
        self.abort.is_some_and(Abort::is_aborted)
    }

    fn emit(&self, event: &Event<'_>) {
        let telling = Telling::new(self.time);
        let event = &Event {
            telling: Some(&telling),
            ..*event
        };
        self.tell_own(event);
        if let Some(observer) = event::global() {
            event::notify(observer, event);
        }
    }

    /// Tells whom only this call has.
    fn tell_own(&self, event: &Event<'_>) {
        if let Some(observer) = self.observer {
            event::notify(observer, event);
        }
        if let Some(listener) = self.listener {
            listener.hear(event);
        }
    }
}

/// The state of one call of an operation that gives a `Result<T, E>`, of whose values it keeps `K`, and that holds `G` of its guards.
pub(crate) struct Driver<'a, K, E, G> {
    state: State<'a, K, E>,
    guards: G,
}

/// Whether an attempt may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Granted,
    /// The call queues for the bulkhead: once it has waited, it has to ask again.
    Queued,
    /// The call has ended.
    Refused,
}

/// A driver with the plan that it is to follow, where nobody else holds that.
pub(crate) struct Planned<'a, K, E, G> {
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) driver: Driver<'a, K, E, G>,
}

/// Whether the next attempt still has to be allowed to start.
enum Due {
    No,
    /// The first one, before which there is nothing to wait for.
    Now,
    AfterPause,
}

/// How far a call has come, as large as a time.
enum State<'a, K, E> {
    /// The first attempt has not been allowed to start yet.
    Due,
    /// It has been, and nobody needs to know when. So many have failed, each followed by another at once.
    Untimed { failures: u32 },
    /// It has been, then.
    At(Instant),
    /// It has been refused by an open circuit, which counts as no time.
    Refused { until_probe: UntilProbe },
    /// There is more to remember.
    Through(Past<'a, K, E>),
}

impl<'a, K, E> State<'a, K, E> {
    /// When the call began, if anybody needs to know.
    fn started(&self) -> Option<Instant> {
        match self {
            Self::Due | Self::Untimed { .. } | Self::Refused { .. } => None,
            Self::At(time) => Some(*time),
            Self::Through(_) => self.progress().and_then(Progress::started),
        }
    }

    /// The attempt that runs, or would run next.
    fn attempt(&self) -> u32 {
        match self.progress() {
            Some(progress) => progress.attempt(),
            None => self.failures_untold().saturating_add(1),
        }
    }

    /// How many attempts have failed that no history tells of.
    fn failures_untold(&self) -> u32 {
        match self {
            Self::Untimed { failures } => *failures,
            Self::Due | Self::At(_) | Self::Refused { .. } | Self::Through(_) => 0,
        }
    }

    /// The class of the last failure.
    fn last_class(&self) -> Option<ErrorClass> {
        self.progress().and_then(Progress::last_class)
    }

    fn progress(&self) -> Option<&Progress<'a>> {
        match self {
            Self::Through(Past(Some(history))) => Some(&history.progress),
            _ => None,
        }
    }

    fn history(&mut self) -> Option<Pin<&mut History<'a, K, E>>> {
        match self {
            Self::Through(Past(Some(history))) => Some(history.as_mut()),
            _ => None,
        }
    }

    /// What there is to know of a call that has no history yet.
    fn begun(&self, plan: &'a Plan<'a>) -> Progress<'a> {
        Progress::new(plan, self.started(), self.failures_untold())
    }

    /// What the call has been through until now, to be put back when that has changed.
    fn take_history(&mut self, plan: &'a Plan<'a>) -> Pin<Box<History<'a, K, E>>> {
        let past = match self {
            Self::Through(Past(history)) => history.take(),
            _ => None,
        };
        past.unwrap_or_else(|| History::boxed(self.begun(plan)))
    }

    fn put_back(&mut self, history: Pin<Box<History<'a, K, E>>>) {
        *self = Self::Through(Past(Some(history)));
    }
}

/// What a call has been through, if it is not in use. Dropped out of line: so the compiler takes the drop of a call that has been through
/// nothing for small enough to see that it is none.
struct Past<'a, K, E>(Option<Pin<Box<History<'a, K, E>>>>);

impl<K, E> Drop for Past<'_, K, E> {
    #[inline]
    fn drop(&mut self) {
        if let Some(history) = self.0.take() {
            forget(history);
        }
    }
}

#[cold]
#[inline(never)]
fn forget<K, E>(history: Pin<Box<History<'_, K, E>>>) {
    drop(history);
}

pin_project! {
    /// What a call has been through, with what its last attempt gave: kept while the call sleeps, to be returned if it is stopped.
    struct History<'a, K, E> {
        progress: Progress<'a>,
        last: End<K, E>,
        // The next attempt has not been allowed to start yet.
        due: bool,
        // What the call sleeps on, or what would cut its attempt.
        #[pin]
        timer: Timer<'a>,
        // Who looks out for an abort during the sleep of a whole call.
        watch: Watch<'a>,
    }
}

/// What is kept of an unacceptable value while the call sleeps.
pub trait Keep<T>: Sized {
    #[doc(hidden)]
    fn keep(value: T) -> Option<Self>;
    #[doc(hidden)]
    fn release(self) -> Option<T>;
}

/// The value: somebody will ask for the last one.
pub struct Kept<T>(T);

/// Nothing: then a value need not be `Send` for the future to be.
pub struct Dropped;

impl<T> Keep<T> for Kept<T> {
    fn keep(value: T) -> Option<Self> {
        Some(Self(value))
    }

    fn release(self) -> Option<T> {
        Some(self.0)
    }
}

impl<T> Keep<T> for Dropped {
    fn keep(_: T) -> Option<Self> {
        None
    }

    fn release(self) -> Option<T> {
        None
    }
}

/// How an attempt ended.
pub enum Attempted<R> {
    /// By itself.
    Finished(R),
    /// Cut by its timeout, or by the deadline; the history knows which.
    Cut,
}

impl<T, E> From<Attempted<Result<T, E>>> for End<T, E> {
    #[inline]
    fn from(attempted: Attempted<Result<T, E>>) -> Self {
        match attempted {
            Attempted::Finished(result) => result.into(),
            Attempted::Cut => Self::Nothing,
        }
    }
}

/// What can be seen at a glance of an attempt that has ended by itself.
pub(crate) enum Glance {
    /// The call ends with its value, and nobody has to be told.
    Success,
    /// The next attempt starts at once.
    Again,
    /// There is more to do.
    Unsettled(Verdict),
}

/// How an attempt that has ended is judged, as far as it has been.
#[derive(Clone, Copy)]
pub(crate) enum Verdict {
    Open,
    /// Its value is not acceptable.
    Value(Classification),
    /// Of its error.
    Error(Failure),
}

/// Where the loop of an async function stands.
pub enum Turn<R> {
    /// Before an attempt, which has to be allowed to start.
    Due,
    /// Behind one.
    Taken(Attempted<R>),
}

impl<'a, 'g, K, E, G: Holding<'g>> Driver<'a, K, E, G> {
    pub(crate) const fn new(guards: G) -> Self {
        Self {
            state: State::Due,
            guards,
        }
    }

    /// Whether the next attempt may start, be it the first or another.
    #[inline]
    pub(crate) fn may_start(
        &mut self,
        plan: &'a Plan<'a>,
        hooks: &Hooks<'_>,
        ruled: bool,
        errors: &impl DescribeError<E>,
    ) -> Admission {
        if let State::Through(_) = self.state {
            self.may_go_on(&hooks.copied(), errors)
        } else if self.begins_at_once(plan, hooks, ruled) {
            Admission::Granted
        } else {
            self.begin_asking(plan, &hooks.copied())
        }
    }

    /// Whether nobody has asked yet whether the first attempt may start.
    #[inline]
    const fn is_new(&self) -> bool {
        matches!(self.state, State::Due)
    }

    #[inline]
    fn due(&self) -> Due {
        match &self.state {
            State::Through(Past(Some(history))) if history.due => Due::AfterPause,
            State::Due => Due::Now,
            _ => Due::No,
        }
    }

    /// Begins the call if its first attempt may start at once; if not, that is still to be asked.
    #[allow(
        clippy::inline_always,
        reason = "as `begins_at_once`: a function of its own could not leave out what the site has no need of"
    )]
    #[inline(always)]
    pub(crate) fn begin(&mut self, plan: &Plan<'_>, hooks: &Hooks<'_>, ruled: bool) {
        if !self.begins_at_once(plan, hooks, ruled) {
            self.state = State::Due;
        }
    }

    /// Begins the call: whether its first attempt may start because nobody needs to be asked or told.
    #[allow(
        clippy::inline_always,
        reason = "a function of its own would have to be told all of the hooks, most of which the caller knows to be none, and what the policy is"
    )]
    #[inline(always)]
    fn begins_at_once(&mut self, plan: &Plan<'_>, hooks: &Hooks<'_>, ruled: bool) -> bool {
        let policy = plan.policy;
        let watched = hooks.is_observed();
        let timed = watched
            || ruled
            || hooks.timed
            || hooks.timeline.is_some()
            || policy.max_elapsed().is_some()
            || policy.max_attempt_duration().is_some();
        self.state = if timed {
            State::At(hooks.time.now())
        } else {
            State::Untimed { failures: 0 }
        };
        !watched
            && hooks.abort.is_none()
            && self
                .guards
                .held()
                .is_none_or(|held| held.start_at_once(hooks.time))
    }

    /// Whether the first attempt may start.
    #[cold]
    #[inline(never)]
    fn begin_asking(&mut self, plan: &'a Plan<'a>, hooks: &Hooks<'_>) -> Admission {
        if self.refuse_untold(hooks) {
            return Admission::Refused;
        }
        let mut progress = self.state.begun(plan);
        let admission = progress.may_begin(hooks, self.guards.held());
        if admission != Admission::Granted || progress.is_needed_later() {
            let mut history = History::boxed(progress);
            *history.as_mut().project().due = admission != Admission::Granted;
            self.state.put_back(history);
        }
        admission
    }

    /// Ends the call if the circuit is open and nobody is told: a shortcut to B3, which is the first row that can refuse it.
    fn refuse_untold(&mut self, hooks: &Hooks<'_>) -> bool {
        if hooks.are_told() || hooks.abort.is_some() {
            return false;
        }
        let held = self.guards.held();
        let Some(until_probe) = held.and_then(|held| held.refuse_at_once(hooks.time)) else {
            return false;
        };
        self.state = State::Refused { until_probe };
        true
    }

    /// Whether the next attempt may start.
    #[cold]
    #[inline(never)]
    fn may_go_on(&mut self, hooks: &Hooks<'_>, errors: &impl DescribeError<E>) -> Admission {
        let Some(history) = self.state.history() else {
            return Admission::Refused;
        };
        let history = history.project();
        let (progress, held) = (history.progress, self.guards.held());
        // If the call stops here, what it tells is still about its last error.
        let admission = match history.last {
            End::Error(error) if hooks.is_observed() => {
                errors.describe(error, |known| progress.may_start(hooks, held, known.text))
            }
            _ => progress.may_start(hooks, held, None),
        };
        if admission == Admission::Granted {
            *history.last = End::Nothing;
            *history.due = false;
        }
        admission
    }

    /// What has become of an attempt, as far as that can be seen at a glance.
    #[allow(
        clippy::inline_always,
        reason = "a function of its own would be that of many sites, and could not leave out what the policy of each has no need of"
    )]
    #[inline(always)]
    pub(crate) fn glance<T>(
        &mut self,
        plan: &Plan<'_>,
        result: Result<&T, &E>,
        hooks: &Hooks<'_>,
        errors: &(impl JudgeError<E> + DescribeError<E>),
        values: &impl JudgeValue<T>,
    ) -> Glance {
        match result {
            Ok(value) => match values.judge(value) {
                None if hooks.are_told() => Glance::Unsettled(Verdict::Open),
                None => {
                    self.succeed_untold(plan, hooks);
                    Glance::Success
                }
                Some(classification) => Glance::Unsettled(Verdict::Value(classification)),
            },
            Err(error) => match self.may_try_again_at_once(plan, hooks) {
                Some(failures) => self.try_again(plan, failures, error, errors),
                None => Glance::Unsettled(Verdict::Open),
            },
        }
    }

    /// How many attempts have failed, if all that matters are that number and the class of the last: nobody watches, limits or delays the call.
    ///
    /// This is for retries without a delay, as of transactions that conflict: those that come after a sleep do not need it.
    #[inline]
    fn may_try_again_at_once(&mut self, plan: &Plan<'_>, hooks: &Hooks<'_>) -> Option<u32> {
        match self.state {
            State::Untimed { failures }
                if plan.policy.may_retry_at_once()
                    && hooks.abort.is_none()
                    && hooks.on_sleep.is_none()
                    && self.guards.held().is_none()
                    && !switches::is_set(switches::GLOBAL_OBSERVER | switches::RUN_ONCE) =>
            {
                Some(failures.saturating_add(1))
            }
            _ => None,
        }
    }

    /// Tries again at once, unless the error has something against it.
    #[inline]
    fn try_again(
        &mut self,
        plan: &Plan<'_>,
        failures: u32,
        error: &E,
        errors: &(impl JudgeError<E> + DescribeError<E>),
    ) -> Glance {
        let failure = errors.judge(error).into_failure(Cause::Error);
        if engine::tries_again_at_once(plan.policy, failures, &failure)
            && !errors.describe(error, |known| known.met_open_circuit)
        {
            // In place: whoever looks at a state that has just been written whole waits for it.
            if let State::Untimed { failures: counted } = &mut self.state {
                *counted = failures;
            }
            return Glance::Again;
        }
        Glance::Unsettled(Verdict::Error(failure))
    }

    /// What follows on any other attempt: `Continue` if the call sleeps next.
    #[cold]
    #[inline(never)]
    pub(crate) fn conclude<T>(
        &mut self,
        plan: &'a Plan<'a>,
        attempted: Attempted<Result<T, E>>,
        verdict: Verdict,
        hooks: &Hooks<'_>,
        errors: &(impl JudgeError<E> + DescribeError<E>),
    ) -> ControlFlow<End<T, E>>
    where
        K: Keep<T>,
    {
        match attempted {
            Attempted::Finished(Ok(value)) => {
                let Verdict::Value(classification) = verdict else {
                    self.announce_success(plan, hooks);
                    return ControlFlow::Break(End::Success(value));
                };
                let retry = self.take_notice(plan, |progress, held| {
                    progress.fail_with_value(hooks, held, classification)
                });
                self.go_on(retry, End::Value(value))
            }
            Attempted::Finished(Err(error)) => {
                let failure = match verdict {
                    Verdict::Error(failure) => failure,
                    _ => errors.judge(&error).into_failure(Cause::Error),
                };
                if self.give_up_untold(plan, hooks, failure, &error, errors) {
                    return ControlFlow::Break(End::Error(error));
                }
                let retry = errors.describe(&error, |known| {
                    let about = About {
                        known,
                        error_type: Some(std::any::type_name::<E>()),
                    };
                    self.take_notice(plan, |progress, held| {
                        progress.fail_with_error(hooks, held, failure, about)
                    })
                });
                self.go_on(retry, End::Error(error))
            }
            Attempted::Cut => {
                let retry = self.take_notice(plan, |progress, held| {
                    progress.fail_with_timeout(hooks, held)
                });
                self.go_on(retry, End::Nothing)
            }
        }
    }

    /// Ends the call with its error if that is the end of it and nobody is told how: then it needs no history. Only a call that has none yet.
    fn give_up_untold(
        &mut self,
        plan: &Plan<'_>,
        hooks: &Hooks<'_>,
        mut failure: Failure,
        error: &E,
        errors: &impl DescribeError<E>,
    ) -> bool {
        let failures = self.state.attempt();
        if hooks.timed
            || hooks.are_told()
            || matches!(self.state, State::Through(_))
            || !engine::gives_up(plan.policy, failures, &failure)
        {
            return false;
        }
        let asker = self.asker(plan, hooks.time);
        if let Some(held) = self.guards.held() {
            if errors.describe(error, |known| known.met_open_circuit) {
                failure.meet_open_circuit();
            }
            held.fail(failure.classification, &asker);
            held.conclude(failure.classification, false, &asker);
        }
        true
    }

    /// Tells the history of an attempt that has failed, which says whether there will be another.
    fn take_notice(
        &mut self,
        plan: &'a Plan<'a>,
        fail: impl FnOnce(&mut Progress<'a>, Option<&mut Held<'g>>) -> bool,
    ) -> bool {
        let mut history = self.state.take_history(plan);
        let mut now = history.as_mut().project();
        now.timer.set(Timer::Idle);
        let retry = fail(now.progress, self.guards.held());
        self.state.put_back(history);
        retry
    }

    fn go_on<T>(&mut self, retry: bool, end: End<T, E>) -> ControlFlow<End<T, E>>
    where
        K: Keep<T>,
    {
        match self.state.history() {
            Some(history) if retry => {
                let history = history.project();
                *history.last = end.map(K::keep);
                *history.due = true;
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(end),
        }
    }

    #[inline]
    fn succeed_untold(&mut self, plan: &Plan<'_>, hooks: &Hooks<'_>) {
        if let Some(held) = self.guards.held() {
            if !held.succeed_at_once() {
                self.vote_success(plan, hooks.time);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn vote_success(&mut self, plan: &Plan<'_>, time: TimeSource<'_>) {
        let asker = self.asker(plan, time);
        if let Some(held) = self.guards.held() {
            held.vote_success(&asker);
        }
    }

    /// On behalf of the attempt that runs, in a call that nobody watches.
    fn asker<'t>(&self, plan: &Plan<'t>, time: TimeSource<'t>) -> Asker<'t> {
        Asker {
            time,
            operation: plan.operation,
            attempt: self.state.attempt(),
            started: self.state.started(),
            states: None,
        }
    }

    #[cold]
    #[inline(never)]
    fn announce_success(&mut self, plan: &'a Plan<'a>, hooks: &Hooks<'_>) {
        if let Some(history) = self.state.history() {
            return history
                .project()
                .progress
                .succeed(hooks, self.guards.held());
        }
        let mut progress = self.state.begun(plan);
        progress.succeed(hooks, self.guards.held());
        if hooks.timeline.is_some() {
            self.state.put_back(History::boxed(progress));
        }
    }

    /// What the last attempt gave, as far as it was kept, for a call that may not start another.
    pub(crate) fn take_last<T>(&mut self) -> End<T, E>
    where
        K: Keep<T>,
    {
        let Some(history) = self.state.history() else {
            return End::Nothing;
        };
        let history = history.project();
        *history.due = false;
        mem::replace(history.last, End::Nothing).map(K::release)
    }

    /// What there is to say at the end of the call.
    #[cold]
    pub(crate) fn report(&mut self, plan: &'a Plan<'a>, hooks: &Hooks<'_>) -> Report {
        if let State::Refused { until_probe } = self.state {
            return self.report_refusal(plan, until_probe);
        }
        match self.state.history() {
            Some(history) => history.project().progress.report(hooks),
            None => self.state.begun(plan).report(hooks),
        }
    }

    fn report_refusal(&mut self, plan: &Plan<'_>, until_probe: UntilProbe) -> Report {
        let guards = Held::guards_of(self.guards.held().as_deref());
        let guard = guards.stopped_by(StopReason::CircuitOpen);
        Report {
            operation: plan.operation,
            reason: Some(StopReason::CircuitOpen),
            attempts: 0,
            elapsed: Duration::ZERO,
            class: None,
            cause: None,
            retry_after: None,
            next_delay: until_probe.get(),
            guard: guard.map(Identity::shared_name),
            timeline: Timeline::default(),
        }
    }
}

impl<'g, K, E, G: Holding<'g>> Driver<'_, K, E, G> {
    /// The attempt that runs next, for the function that wants to know. The call is timed.
    #[inline]
    pub(crate) fn attempt(&self, plan: &Plan<'static>, time: TimeSource<'_>) -> Attempt {
        Attempt {
            number: self.state.attempt(),
            last_class: self.state.last_class(),
            policy: plan.policy,
            started: self.state.started().unwrap_or_else(|| time.now()),
            asynchronous: time.is_asynchronous(),
        }
    }
}

impl<'a, K, E> History<'a, K, E> {
    fn boxed(progress: Progress<'a>) -> Pin<Box<Self>> {
        Box::pin(Self {
            progress,
            last: End::Nothing,
            due: false,
            timer: Timer::Idle,
            watch: Watch::Nobody,
        })
    }
}
