//! The drivers: they run attempts, let time pass and carry out what the engine decides. They decide nothing.
//!
//! A [`Driver`] is the state of one call. It is small, because an async call's future holds it: what only a failure needs is its
//! [`History`], which is allocated when the first attempt fails and holds all there is to hold. What does not depend on the operation's types
//! is [`Progress`], whose code is cold and compiled once.

mod asynchronous;
mod blocking;
mod guards;
mod progress;
#[cfg(feature = "tokio")]
mod steps;

use std::ops::ControlFlow;
use std::pin::Pin;
use std::time::Instant;

use pin_project_lite::pin_project;

pub(crate) use self::asynchronous::{Conduct, Run};
pub(crate) use self::blocking::Blocking;
pub use self::guards::Guards;
pub(crate) use self::guards::{Guarding, Held, Holding, Unguarded};
use self::progress::{About, Progress};
#[cfg(feature = "tokio")]
pub(crate) use self::steps::{Attempting, Pausing};
use crate::abort::Abort;
use crate::attempt::Attempt;
use crate::breaker::Asker;
use crate::class::{Cause, Classification};
use crate::engine::SleepRule;
use crate::event::{self, Event, Observer, Telling};
use crate::judge::{DescribeError, Errors, JudgeError, JudgeValue};
use crate::listener::Listener;
use crate::outcome::{End, Report};
use crate::site::Plan;
use crate::switches;
use crate::time::{TimeSource, Timer};

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

    #[inline]
    fn are_told_of_success(&self) -> bool {
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
    plan: &'a Plan<'a>,
    start: Start,
    history: Option<Pin<Box<History<'a, K, E>>>>,
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

/// The beginning of a call, as large as a time.
#[derive(Clone, Copy)]
enum Start {
    /// The first attempt has not been allowed to start yet.
    Due,
    /// When it was, nobody needs to know.
    Untimed,
    At(Instant),
}

impl Start {
    const fn time(self) -> Option<Instant> {
        match self {
            Self::Due | Self::Untimed => None,
            Self::At(time) => Some(time),
        }
    }
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
    /// Cut by its timeout, or by the deadline.
    Cut {
        /// Whether it was the deadline.
        by_deadline: bool,
    },
}

/// An attempt that has ended, with something left to do.
pub(crate) enum Unsettled<T, E> {
    /// Somebody wants to be told.
    Success(T),
    /// The value is not acceptable.
    Value(T, Classification),
    Error(E),
    Cut {
        by_deadline: bool,
    },
}

/// Where the loop of an async function stands.
pub enum Turn<R> {
    /// Before an attempt, which has to be allowed to start.
    Due,
    /// Behind one.
    Taken(Attempted<R>),
}

impl<'a, 'g, K, E, G: Holding<'g>> Driver<'a, K, E, G> {
    pub(crate) const fn new(plan: &'a Plan<'a>, guards: G) -> Self {
        Self {
            plan,
            start: Start::Due,
            history: None,
            guards,
        }
    }

    /// Whether the next attempt may start, be it the first or another.
    #[inline]
    pub(crate) fn may_start<X: DescribeError<E>>(
        &mut self,
        hooks: &Hooks<'_>,
        ruled: bool,
        text: &X,
    ) -> Admission {
        if self.history.is_some() {
            self.may_go_on(&hooks.copied(), text)
        } else if self.begins_at_once(hooks, ruled) {
            Admission::Granted
        } else {
            self.begin_asking(&hooks.copied())
        }
    }

    /// Begins the call: whether its first attempt may start because nobody needs to be asked or told.
    #[inline]
    fn begins_at_once(&mut self, hooks: &Hooks<'_>, ruled: bool) -> bool {
        let policy = self.plan.policy;
        let watched = hooks.is_observed();
        let timed = watched
            || ruled
            || hooks.timed
            || hooks.timeline.is_some()
            || policy.max_elapsed().is_some()
            || policy.max_attempt_duration().is_some();
        self.start = if timed {
            Start::At(hooks.time.now())
        } else {
            Start::Untimed
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
    fn begin_asking(&mut self, hooks: &Hooks<'_>) -> Admission {
        let mut progress = Progress::new(self.plan, self.start.time());
        let admission = progress.may_start(hooks, self.guards.held(), None);
        if admission != Admission::Granted || progress.is_needed_later() {
            let history = self.history.insert(History::boxed(progress));
            *history.as_mut().project().due = admission != Admission::Granted;
        }
        admission
    }

    /// Whether the next attempt may start.
    #[cold]
    #[inline(never)]
    fn may_go_on<X: DescribeError<E>>(&mut self, hooks: &Hooks<'_>, text: &X) -> Admission {
        let Some(history) = &mut self.history else {
            return Admission::Refused;
        };
        let history = history.as_mut().project();
        let (progress, held) = (history.progress, self.guards.held());
        // If the call stops here, what it tells is still about its last error.
        let admission = match history.last {
            End::Error(error) if hooks.is_observed() => {
                text.describe(error, |known| progress.may_start(hooks, held, known.text))
            }
            _ => progress.may_start(hooks, held, None),
        };
        if admission == Admission::Granted {
            *history.last = End::Nothing;
            *history.due = false;
        }
        admission
    }

    /// The value of an attempt that ends the call with nobody to be told.
    #[inline]
    pub(crate) fn settle<T>(
        &mut self,
        attempted: Attempted<Result<T, E>>,
        hooks: &Hooks<'_>,
        values: &impl JudgeValue<T>,
    ) -> Result<T, Unsettled<T, E>> {
        match attempted {
            Attempted::Finished(Ok(value)) => match values.judge(&value) {
                None if hooks.are_told_of_success() => Err(Unsettled::Success(value)),
                None => {
                    self.succeed_untold(hooks);
                    Ok(value)
                }
                Some(classification) => Err(Unsettled::Value(value, classification)),
            },
            Attempted::Finished(Err(error)) => Err(Unsettled::Error(error)),
            Attempted::Cut { by_deadline } => Err(Unsettled::Cut { by_deadline }),
        }
    }

    /// What follows on any other attempt: `Continue` if the call sleeps next.
    #[cold]
    #[inline(never)]
    pub(crate) fn conclude<T, C, F, X>(
        &mut self,
        unsettled: Unsettled<T, E>,
        hooks: &Hooks<'_>,
        errors: &Errors<C, F, X>,
    ) -> ControlFlow<End<T, E>>
    where
        K: Keep<T>,
        Errors<C, F, X>: JudgeError<E>,
        X: DescribeError<E>,
    {
        match unsettled {
            Unsettled::Success(value) => {
                self.announce_success(hooks);
                ControlFlow::Break(End::Success(value))
            }
            Unsettled::Value(value, classification) => {
                let (progress, held) = self.after_attempt();
                let retry = progress.fail_with_value(hooks, held, classification);
                self.go_on(retry, End::Value(value))
            }
            Unsettled::Error(error) => {
                let failure = errors.judge(&error).into_failure(Cause::Error);
                let (progress, held) = self.after_attempt();
                let retry = errors.text.describe(&error, |known| {
                    let about = About {
                        known,
                        error_type: Some(std::any::type_name::<E>()),
                    };
                    progress.fail_with_error(hooks, held, failure, about)
                });
                self.go_on(retry, End::Error(error))
            }
            Unsettled::Cut { by_deadline } => {
                let (progress, held) = self.after_attempt();
                let retry = progress.fail_with_timeout(hooks, held, by_deadline);
                self.go_on(retry, End::Nothing)
            }
        }
    }

    #[inline]
    fn succeed_untold(&mut self, hooks: &Hooks<'_>) {
        if let Some(held) = self.guards.held() {
            if !held.succeed_at_once() {
                self.vote_success(hooks.time);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn vote_success(&mut self, time: TimeSource<'_>) {
        let attempt = self.attempt_number();
        if let Some(held) = self.guards.held() {
            held.vote_success(&Asker {
                time,
                operation: self.plan.operation,
                attempt,
                started: self.start.time(),
                states: None,
            });
        }
    }

    #[cold]
    #[inline(never)]
    fn announce_success(&mut self, hooks: &Hooks<'_>) {
        if let Some(history) = &mut self.history {
            let progress = history.as_mut().project().progress;
            return progress.succeed(hooks, self.guards.held());
        }
        let mut progress = Progress::new(self.plan, self.start.time());
        progress.succeed(hooks, self.guards.held());
        if hooks.timeline.is_some() {
            self.history = Some(History::boxed(progress));
        }
    }

    fn after_attempt(&mut self) -> (&mut Progress<'a>, Option<&mut Held<'g>>) {
        let history = history_of(&mut self.history, self.plan, self.start.time());
        let mut history = history.project();
        history.timer.set(Timer::Idle);
        (history.progress, self.guards.held())
    }

    fn go_on<T>(&mut self, retry: bool, end: End<T, E>) -> ControlFlow<End<T, E>>
    where
        K: Keep<T>,
    {
        match &mut self.history {
            Some(history) if retry => {
                let history = history.as_mut().project();
                *history.last = end.map(K::keep);
                *history.due = true;
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(end),
        }
    }

    /// What the last attempt gave, as far as it was kept, for a call that may not start another.
    pub(crate) fn take_last<T>(&mut self) -> End<T, E>
    where
        K: Keep<T>,
    {
        match &mut self.history {
            Some(history) => {
                std::mem::replace(history.as_mut().project().last, End::Nothing).map(K::release)
            }
            None => End::Nothing,
        }
    }

    /// What there is to say at the end of the call.
    #[cold]
    pub(crate) fn report(&mut self, hooks: &Hooks<'_>) -> Report {
        match &mut self.history {
            Some(history) => history.as_mut().project().progress.report(hooks),
            None => Progress::new(self.plan, self.start.time()).report(hooks),
        }
    }

    /// The attempt that runs, or would run next.
    fn attempt_number(&self) -> u32 {
        self.history
            .as_ref()
            .map_or(1, |history| history.progress.attempt())
    }
}

impl<'g, K, E, G: Holding<'g>> Driver<'static, K, E, G> {
    /// The attempt that runs next, for the function that wants to know. The call is timed.
    #[inline]
    pub(crate) fn attempt(&self, time: TimeSource<'_>) -> Attempt {
        let progress = self.history.as_ref().map(|history| &history.progress);
        Attempt {
            number: self.attempt_number(),
            last_class: progress.and_then(Progress::last_class),
            policy: self.plan.policy,
            started: self.start.time().unwrap_or_else(|| time.now()),
            asynchronous: time.is_asynchronous(),
        }
    }
}

#[cold]
fn history_of<'h, 'a, K, E>(
    history: &'h mut Option<Pin<Box<History<'a, K, E>>>>,
    plan: &'a Plan<'a>,
    started: Option<Instant>,
) -> Pin<&'h mut History<'a, K, E>> {
    let history = history.get_or_insert_with(|| History::boxed(Progress::new(plan, started)));
    history.as_mut()
}

impl<'a, K, E> History<'a, K, E> {
    fn boxed(progress: Progress<'a>) -> Pin<Box<Self>> {
        Box::pin(Self {
            progress,
            last: End::Nothing,
            due: false,
            timer: Timer::Idle,
        })
    }
}
