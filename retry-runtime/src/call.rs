//! A policy with behaviour: [`Call`].

mod around;
mod conductor;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use self::around::{
    Around, AsyncSleeper, BlockingSleeper, CustomSleep, Extras, MaybeExtras, NoExtras, NoObserver,
    NoSleepRule, Observed, Observers, RuntimeSleep, SleepRuled, SleepRules,
};
use self::conductor::{Conductor, ToOutcome, ToResult};
use crate::abort::Abort;
use crate::backoff::BackoffContext;
use crate::breaker::CircuitBreaker;
use crate::budget::Budget;
use crate::bulkhead::Bulkhead;
use crate::class::Classification;
use crate::driver::{self, Driver, Guarding, Guards, Holding, Kept, Run, Unguarded};
use crate::engine::SleepDecision;
use crate::event::{Event, Observer};
use crate::judge::{
    Accepted, AnyValue, ByFrom, ByTrait, Classified, ConvertStop, Converted, DescribeError,
    Described, Errors, Filtered, JudgeError, JudgeValue, Judged, NoFilter, Undescribed,
};
use crate::listener::{ByObserver, OnGivingUp, OnRetry};
use crate::outcome::{Outcome, Stopped};
use crate::policy::Policy;
use crate::site::Plan;
use crate::time::{Clock, Sleep};

impl Policy {
    /// Attaches the policy to an operation: a stable name, the same for every call of the same thing.
    ///
    /// The call borrows the policy: keep it in a `const`, a `static` or a variable.
    ///
    /// ```
    /// use retry_core::Policy;
    ///
    /// const POLICY: Policy = Policy::new().attempts(5);
    /// let text = POLICY.call("read_config").run_blocking(|| std::fs::read_to_string("Cargo.toml"))?;
    /// # assert!(text.contains("retry-core"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub const fn call(&self, operation: &'static str) -> Call<'_> {
        Call {
            plan: Plan {
                policy: self,
                operation,
            },
            errors: Errors {
                classify: ByTrait,
                filter: NoFilter,
                text: Undescribed,
            },
            values: AnyValue,
            stops: ByFrom,
            around: Around {
                observers: NoObserver,
                sleeps: NoSleepRule,
                sleeper: RuntimeSleep,
                guards: Unguarded,
                extras: NoExtras,
            },
        }
    }
}

/// A policy, the name of an operation, and what is to happen around it. Made by [`Policy::call`], reusable for many runs.
///
/// Each method attaches one behaviour; calling it again replaces the behaviour, but for [`observe`](Self::observe),
/// [`on_retry`](Self::on_retry) and [`on_giving_up`](Self::on_giving_up), which add. The four ends run the operation:
/// [`run`](Self::run) and [`execute`](Self::execute) are async, [`run_blocking`](Self::run_blocking) and
/// [`execute_blocking`](Self::execute_blocking) block the thread. The type's parameters remember which behaviours there are, so that a
/// call without any costs nothing; nobody has to write them.
///
/// ```
/// use retry_core::{Backoff, ErrorClass, Policy};
/// use std::cell::Cell;
///
/// #[derive(Debug, PartialEq)]
/// enum ApiError { Busy, NoSuchUser }
///
/// const POLICY: Policy = Policy::new().attempts(4).backoff(Backoff::none());
///
/// let call = POLICY.call("fetch_user").classify(|error: &ApiError| match error {
///     ApiError::Busy => ErrorClass::ServerError,
///     ApiError::NoSuchUser => ErrorClass::Permanent,
/// });
///
/// let runs = Cell::new(0);
/// let outcome = call.execute_blocking(|| {
///     runs.set(runs.get() + 1);
///     if runs.get() < 3 { Err(ApiError::Busy) } else { Ok("Ada") }
/// });
/// assert_eq!(outcome.value(), Some(&"Ada"));
/// assert_eq!(outcome.attempts(), 3);
///
/// let outcome = call.execute_blocking(|| Err::<(), _>(ApiError::NoSuchUser));
/// assert_eq!(outcome.attempts(), 1);
/// ```
#[derive(Clone)]
#[must_use = "a call does nothing until it is run"]
pub struct Call<
    'a,
    J = Errors<ByTrait, NoFilter, Undescribed>,
    V = AnyValue,
    S = ByFrom,
    W = Around<NoObserver, NoSleepRule, RuntimeSleep, Unguarded, NoExtras>,
> {
    plan: Plan<'a>,
    errors: J,
    values: V,
    stops: S,
    around: W,
}

/// The behaviours.
impl<'a, C, F, X, V, S, W> Call<'a, Errors<C, F, X>, V, S, W> {
    /// Classifies errors with a function instead of their [`Classify`](crate::Classify). It returns a [`Classification`] or an
    /// [`ErrorClass`](crate::ErrorClass).
    ///
    /// ```
    /// # use retry_core::{ErrorClass, Policy, StopReason};
    /// # const POLICY: Policy = Policy::new();
    /// let call = POLICY.call("parse").classify(|_: &std::num::ParseIntError| ErrorClass::Permanent);
    /// let outcome = call.execute_blocking(|| "seven".parse::<u8>());
    /// assert_eq!(outcome.stop_reason(), Some(StopReason::NonRetryableClass));
    /// ```
    pub fn classify<E, K, G>(self, classify: G) -> Call<'a, Errors<Classified<G>, F, X>, V, S, W>
    where
        G: Fn(&E) -> K,
        K: Into<Classification>,
    {
        self.with_errors(|errors| Errors {
            classify: Classified(classify),
            filter: errors.filter,
            text: errors.text,
        })
    }

    /// Retries only errors for which the function is true.
    ///
    /// Alone, it replaces classification: true is `Transient`, false `Permanent`. Next to [`classify`](Self::classify) it filters:
    /// false ends the call whatever the class.
    ///
    /// ```
    /// # use retry_core::{Policy, StopReason};
    /// # const POLICY: Policy = Policy::new();
    /// let call = POLICY.call("parse").retry_if(|error: &String| error.contains("again"));
    /// let outcome = call.execute_blocking(|| Err::<(), _>("never".to_owned()));
    /// assert_eq!(outcome.stop_reason(), Some(StopReason::NonRetryableClass));
    /// ```
    pub fn retry_if<E, G>(self, filter: G) -> Call<'a, Errors<C, Filtered<G>, X>, V, S, W>
    where
        G: Fn(&E) -> bool,
    {
        self.with_errors(|errors| Errors {
            classify: errors.classify,
            filter: Filtered(filter),
            text: errors.text,
        })
    }

    /// Writes the error's text for events and the timeline. Without it they carry none.
    ///
    /// ```
    /// # use retry_core::{Event, Policy};
    /// # const POLICY: Policy = Policy::new().attempts(1);
    /// use std::fmt::Display;
    ///
    /// let call = POLICY.call("read").describe(<std::io::Error as Display>::fmt).timeline(1);
    /// let outcome = call.execute_blocking(|| Err::<(), _>(std::io::Error::other("disk on fire")));
    /// let attempt = outcome.timeline().iter().next().unwrap();
    /// assert_eq!(attempt.error.as_deref(), Some("disk on fire"));
    /// ```
    pub fn describe<E, G>(self, describe: G) -> Call<'a, Errors<C, F, Described<G>>, V, S, W>
    where
        G: Fn(&E, &mut fmt::Formatter<'_>) -> fmt::Result,
    {
        self.with_errors(|errors| Errors {
            classify: errors.classify,
            filter: errors.filter,
            text: Described(describe),
        })
    }

    fn with_errors<N>(self, change: impl FnOnce(Errors<C, F, X>) -> N) -> Call<'a, N, V, S, W> {
        Call {
            plan: self.plan,
            errors: change(self.errors),
            values: self.values,
            stops: self.stops,
            around: self.around,
        }
    }
}

/// A call with shared guards.
type Guarded<'a, J, V, S, O, P, Z, M> = Call<'a, J, V, S, Around<O, P, Z, Guards<'a>, M>>;

/// The shared guards.
impl<'a, J, V, S, O, P, Z, G: Into<Guards<'a>>, M> Call<'a, J, V, S, Around<O, P, Z, G, M>> {
    /// Stops while the circuit is open, and tells the breaker how every attempt ends.
    ///
    /// An open circuit ends the call at once, without an attempt or before the next one, as [`StopReason::CircuitOpen`](crate::StopReason);
    /// [`Outcome::next_delay`] and [`Stopped::retry_after`] then say when the circuit lets a probe through.
    ///
    /// ```
    /// use retry_core::{CircuitBreaker, Policy};
    ///
    /// static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments");
    /// const POLICY: Policy = Policy::new();
    ///
    /// let paid = POLICY.call("pay").breaker(&PAYMENTS).run_blocking(|| Ok::<_, std::io::Error>(7));
    /// assert_eq!(paid.unwrap(), 7);
    /// ```
    pub fn breaker(self, breaker: &'a CircuitBreaker) -> Guarded<'a, J, V, S, O, P, Z, M> {
        self.guarded(|guards| guards.breaker(breaker))
    }

    /// Retries only as often as the budget, which others may share, has something left: else the call ends with its error, as
    /// [`StopReason::BudgetExhausted`](crate::StopReason).
    ///
    /// ```
    /// use retry_core::{Budget, Policy};
    ///
    /// static BUDGET: Budget = Budget::new("payments");
    /// const POLICY: Policy = Policy::new();
    ///
    /// let paid = POLICY.call("pay").budget(&BUDGET).run_blocking(|| Ok::<_, std::io::Error>(7));
    /// assert_eq!(paid.unwrap(), 7);
    /// ```
    pub fn budget(self, budget: &'a Budget) -> Guarded<'a, J, V, S, O, P, Z, M> {
        self.guarded(|guards| guards.budget(budget))
    }

    /// Runs every attempt inside the bulkhead, which lets only so many in at a time. A call that finds it full waits for as long as the bulkhead
    /// allows and the deadline leaves, then ends as [`StopReason::BulkheadFull`](crate::StopReason). While it sleeps between attempts it has no
    /// place.
    ///
    /// ```
    /// use retry_core::{Bulkhead, Policy};
    ///
    /// static DATABASE: Bulkhead = Bulkhead::new("database", 10);
    /// const POLICY: Policy = Policy::new();
    ///
    /// let rows = POLICY.call("query").bulkhead(&DATABASE).run_blocking(|| Ok::<_, std::io::Error>(7));
    /// assert_eq!(rows.unwrap(), 7);
    /// ```
    pub fn bulkhead(self, bulkhead: &'a Bulkhead) -> Guarded<'a, J, V, S, O, P, Z, M> {
        self.guarded(|guards| guards.bulkhead(bulkhead))
    }

    fn guarded(
        self,
        add: impl FnOnce(Guards<'a>) -> Guards<'a>,
    ) -> Guarded<'a, J, V, S, O, P, Z, M> {
        self.with_around(|around| Around {
            observers: around.observers,
            sleeps: around.sleeps,
            sleeper: around.sleeper,
            guards: add(around.guards.into()),
            extras: around.extras,
        })
    }
}

/// A call, by what is around it.
type CallAround<'a, J, V, S, O, P, Z, G, M> = Call<'a, J, V, S, Around<O, P, Z, G, M>>;

/// A call with one more observer or hook.
type WithListener<'a, J, V, S, O, L, P, Z, G, M> =
    Call<'a, J, V, S, Around<Observed<O, L>, P, Z, G, M>>;

/// More behaviours.
impl<'a, J, V, S, O, P, Z, G, M> Call<'a, J, V, S, Around<O, P, Z, G, M>> {
    /// Accepts only values for which the function is true; any other is a transient failure with cause `Value`.
    ///
    /// It replaces [`classify_value`](Self::classify_value).
    ///
    /// ```
    /// # use retry_core::{Backoff, Policy};
    /// # const POLICY: Policy = Policy::new().backoff(Backoff::none());
    /// let mut progress = 0;
    /// let call = POLICY.call("poll_job").retry_until(|progress: &u32| *progress >= 2);
    /// let done = call.run_blocking(|| { progress += 1; Ok::<_, std::io::Error>(progress) });
    /// assert_eq!(done.unwrap(), 2);
    /// ```
    pub fn retry_until<T, R>(self, accept: R) -> CallAround<'a, J, Accepted<R>, S, O, P, Z, G, M>
    where
        R: Fn(&T) -> bool,
    {
        self.with_values(Accepted(accept))
    }

    /// Classifies values: `None` accepts, a classification makes the value a failure of that class with cause `Value`.
    ///
    /// It replaces [`retry_until`](Self::retry_until).
    ///
    /// ```
    /// # use retry_core::{Classification, ErrorClass, Policy, StopReason, classify};
    /// # const POLICY: Policy = Policy::new();
    /// struct Response { status: u16 }
    ///
    /// let call = POLICY.call("fetch").classify_value(|response: &Response| {
    ///     (response.status >= 400).then(|| Classification::new(classify::http_status(response.status)))
    /// });
    /// let outcome = call.execute_blocking(|| Ok::<_, std::io::Error>(Response { status: 404 }));
    /// assert_eq!(outcome.stop_reason(), Some(StopReason::NonRetryableClass));
    /// assert_eq!(outcome.last_value().map(|response| response.status), Some(404));
    /// ```
    pub fn classify_value<T, R>(self, classify: R) -> CallAround<'a, J, Judged<R>, S, O, P, Z, G, M>
    where
        R: Fn(&T) -> Option<Classification>,
    {
        self.with_values(Judged(classify))
    }

    fn with_values<N>(self, values: N) -> Call<'a, J, N, S, Around<O, P, Z, G, M>> {
        Call {
            plan: self.plan,
            errors: self.errors,
            values,
            stops: self.stops,
            around: self.around,
        }
    }

    /// Makes an error of a stop that has none, where the error type has no `From<Stopped>` or where that one will not do.
    ///
    /// ```
    /// # use retry_core::{AbortSignal, Policy};
    /// # const POLICY: Policy = Policy::new();
    /// let signal = AbortSignal::new();
    /// signal.abort();
    /// let call = POLICY.call("work").abort(&signal).retry_if(|_: &String| true).on_stop(|stopped| stopped.to_string());
    /// assert_eq!(call.run_blocking(|| Ok(())).unwrap_err(), "work stopped after 0 attempts in 0ns: aborted");
    /// ```
    pub fn on_stop<E, R>(self, convert: R) -> CallAround<'a, J, V, Converted<R>, O, P, Z, G, M>
    where
        R: Fn(Stopped) -> E,
    {
        Call {
            plan: self.plan,
            errors: self.errors,
            values: self.values,
            stops: Converted(convert),
            around: self.around,
        }
    }

    /// Tells `observer` what happens. A call can have several.
    ///
    /// ```
    /// # use retry_core::{Event, Policy, testing::Recorder};
    /// # const POLICY: Policy = Policy::new();
    /// let recorder = Recorder::new();
    /// let print = |event: &Event<'_>| println!("{event}");
    /// let call = POLICY.call("read").observe(&recorder).observe(&print);
    /// assert_eq!(call.run_blocking(|| Ok::<_, std::io::Error>(7))?, 7);
    /// assert_eq!(recorder.kinds().len(), 3); // attempt_started, attempt_ended, success
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn observe(
        self,
        observer: &'a dyn Observer,
    ) -> WithListener<'a, J, V, S, O, ByObserver<'a>, P, Z, G, M> {
        self.with_listener(ByObserver(observer))
    }

    /// Tells a closure of each retry, before the call sleeps: the [`Event`] of kind [`Retry`](crate::EventKind::Retry), with the
    /// attempt that failed and the delay that follows.
    ///
    /// A call can have several; hooks and observers are told in the order in which they were attached. The call waits for what they do; a
    /// panic in one changes nothing. One that captures what threads cannot share makes the future of [`run`](Self::run) one that is not
    /// `Send`.
    ///
    /// ```
    /// # use retry_core::{Backoff, Policy};
    /// # const POLICY: Policy = Policy::new().backoff(Backoff::none());
    /// use std::cell::Cell;
    ///
    /// let retries = Cell::new(0);
    /// let call = POLICY.call("send").on_retry(|event| {
    ///     println!("attempt {} failed, again in {:?}", event.attempt, event.delay);
    ///     retries.set(retries.get() + 1);
    /// });
    /// # let outcome =
    /// call.execute_blocking(|| Err::<(), _>(std::io::Error::from(std::io::ErrorKind::TimedOut)));
    /// # assert_eq!(outcome.attempts(), 3);
    /// assert_eq!(retries.get(), 2);
    /// ```
    pub fn on_retry<R>(self, hook: R) -> WithListener<'a, J, V, S, O, OnRetry<R>, P, Z, G, M>
    where
        R: Fn(&Event<'_>),
    {
        self.with_listener(OnRetry(hook))
    }

    /// Tells a closure when the call ends without success, whatever the reason: the terminal [`Event`], which says why in `stop_reason`.
    ///
    /// It is told once a call, and never if the call succeeds, its future is dropped or its operation panics. Everything else is as for
    /// [`on_retry`](Self::on_retry).
    ///
    /// ```
    /// # use retry_core::{Backoff, Policy, StopReason};
    /// # const POLICY: Policy = Policy::new().backoff(Backoff::none());
    /// use std::cell::Cell;
    ///
    /// let reason = Cell::new(None);
    /// let call = POLICY.call("send").on_giving_up(|event| {
    ///     eprintln!("{} failed after {} attempts", event.operation, event.attempt);
    ///     reason.set(event.stop_reason);
    /// });
    /// # let outcome =
    /// call.execute_blocking(|| Err::<(), _>(std::io::Error::from(std::io::ErrorKind::TimedOut)));
    /// # assert_eq!(outcome.attempts(), 3);
    /// assert_eq!(reason.get(), Some(StopReason::MaxAttemptsGlobal));
    /// ```
    pub fn on_giving_up<R>(self, hook: R) -> WithListener<'a, J, V, S, O, OnGivingUp<R>, P, Z, G, M>
    where
        R: Fn(&Event<'_>),
    {
        self.with_listener(OnGivingUp(hook))
    }

    fn with_listener<L>(self, listener: L) -> WithListener<'a, J, V, S, O, L, P, Z, G, M> {
        self.with_around(|around| Around {
            observers: Observed {
                before: around.observers,
                listener,
            },
            sleeps: around.sleeps,
            sleeper: around.sleeper,
            guards: around.guards,
            extras: around.extras,
        })
    }

    /// Asks before every sleep, zero delays too: sleep, leave the retry to somebody else, or abort. See [`SleepDecision`].
    ///
    /// ```
    /// # use retry_core::{Backoff, Policy, SleepDecision};
    /// # const POLICY: Policy = Policy::new().backoff(Backoff::none());
    /// let call = POLICY.call("send").on_sleep(|context, delay| {
    ///     println!("failure {} was {}, waiting {delay:?}", context.attempt, context.class);
    ///     SleepDecision::Sleep
    /// });
    /// # let outcome = call.execute_blocking(|| Err::<(), _>(std::io::Error::from(std::io::ErrorKind::TimedOut)));
    /// # assert_eq!(outcome.attempts(), 3);
    /// ```
    pub fn on_sleep<R>(self, decide: R) -> CallAround<'a, J, V, S, O, SleepRuled<R>, Z, G, M>
    where
        R: Fn(&BackoffContext, Duration) -> SleepDecision,
    {
        self.with_around(|around| Around {
            observers: around.observers,
            sleeps: SleepRuled(decide),
            sleeper: around.sleeper,
            guards: around.guards,
            extras: around.extras,
        })
    }

    /// Sleeps in another way than on tokio's timer, or the thread's: for other runtimes and for tests.
    ///
    /// ```
    /// # use retry_core::{Policy, testing::ManualClock};
    /// # const POLICY: Policy = Policy::new();
    /// let clock = ManualClock::new();
    /// let call = POLICY.call("fetch").clock(&clock).sleeper(&clock);
    /// # assert!(call.run_blocking(|| Ok::<_, std::io::Error>(())).is_ok());
    /// ```
    pub fn sleeper(
        self,
        sleeper: &'a dyn Sleep,
    ) -> Call<'a, J, V, S, Around<O, P, CustomSleep<'a>, G, M>> {
        self.with_around(|around| Around {
            observers: around.observers,
            sleeps: around.sleeps,
            sleeper: CustomSleep(sleeper),
            guards: around.guards,
            extras: around.extras,
        })
    }

    fn with_around<N>(
        self,
        change: impl FnOnce(Around<O, P, Z, G, M>) -> N,
    ) -> Call<'a, J, V, S, N> {
        Call {
            plan: self.plan,
            errors: self.errors,
            values: self.values,
            stops: self.stops,
            around: change(self.around),
        }
    }
}

/// A call with at least one of its rarer behaviours.
type WithExtras<'a, J, V, S, O, P, Z, G> = Call<'a, J, V, S, Around<O, P, Z, G, Extras<'a>>>;

/// The rarer behaviours.
impl<'a, J, V, S, O, P, Z, G, M: Into<Extras<'a>>> Call<'a, J, V, S, Around<O, P, Z, G, M>> {
    /// Stops when `abort` says so. See [`Abort`].
    ///
    /// ```
    /// # use retry_core::{AbortSignal, Policy, StopReason};
    /// # const POLICY: Policy = Policy::new();
    /// let shutdown = AbortSignal::new();
    /// shutdown.abort();
    /// let outcome = POLICY.call("poll").abort(&shutdown).execute_blocking(|| Ok::<_, std::io::Error>(1));
    /// assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    /// ```
    pub fn abort(self, abort: &'a dyn Abort) -> WithExtras<'a, J, V, S, O, P, Z, G> {
        self.with_extras(|extras| Extras {
            abort: Some(abort),
            ..extras
        })
    }

    /// Reads the time from another clock than tokio's, or the operating system's.
    ///
    /// Give it the [`sleeper`](Self::sleeper) that moves that clock, too.
    pub fn clock(self, clock: &'a dyn Clock) -> WithExtras<'a, J, V, S, O, P, Z, G> {
        self.with_extras(|extras| Extras {
            clock: Some(clock),
            ..extras
        })
    }

    /// Draws jitter from a generator that every run starts with this seed: equal runs, equal delays.
    ///
    /// ```
    /// # use retry_core::{Policy, testing::ManualClock};
    /// # const POLICY: Policy = Policy::new();
    /// let elapsed = || {
    ///     let clock = ManualClock::new();
    ///     let call = POLICY.call("fetch").clock(&clock).sleeper(&clock).seed(7);
    ///     call.execute_blocking(|| Err::<(), _>(std::io::Error::from(std::io::ErrorKind::TimedOut))).elapsed()
    /// };
    /// assert_eq!(elapsed(), elapsed());
    /// ```
    pub fn seed(self, seed: u64) -> WithExtras<'a, J, V, S, O, P, Z, G> {
        self.with_extras(|extras| Extras {
            seed: Some(seed),
            ..extras
        })
    }

    /// Records in the outcome what happens: the latest `limit` attempts, the latest `limit` things that its guards do, and the end.
    ///
    /// Without it nothing is recorded, and an attempt that succeeds at once allocates nothing. With it, memory is used for what has been recorded,
    /// not for what the limit would allow. `run` and `run_blocking` record too, but nobody gets to see it.
    ///
    /// ```
    /// # use retry_core::{Backoff, Policy};
    /// # const POLICY: Policy = Policy::new().backoff(Backoff::none());
    /// let call = POLICY.call("fetch").timeline(10);
    /// let outcome = call.execute_blocking(|| Err::<(), _>(std::io::Error::from(std::io::ErrorKind::TimedOut)));
    /// print!("{}", outcome.timeline()); // a chart, with a row for each attempt
    /// assert_eq!(outcome.timeline().len(), 3);
    /// ```
    pub fn timeline(self, limit: usize) -> WithExtras<'a, J, V, S, O, P, Z, G> {
        self.with_extras(|extras| Extras {
            timeline: Some(limit),
            ..extras
        })
    }

    fn with_extras(
        self,
        add: impl FnOnce(Extras<'a>) -> Extras<'a>,
    ) -> WithExtras<'a, J, V, S, O, P, Z, G> {
        self.with_around(|around| Around {
            observers: around.observers,
            sleeps: around.sleeps,
            sleeper: around.sleeper,
            guards: around.guards,
            extras: add(around.extras.into()),
        })
    }
}

/// The ends.
impl<'g, C, F, X, V, S, O, P, Z, G, M> Call<'_, Errors<C, F, X>, V, S, Around<O, P, Z, G, M>>
where
    O: Observers,
    P: SleepRules,
    Z: BlockingSleeper,
    G: Guarding<Holding: Holding<'g>>,
    M: MaybeExtras,
{
    /// Runs the operation until an attempt succeeds or the call stops.
    ///
    /// No clock is read unless the policy has a deadline or an attempt timeout, somebody observes, or a value rule may have to report
    /// the time. Dropping the future ends the call and leaves nothing behind.
    ///
    /// # Errors
    ///
    /// The error of the last attempt, unwrapped. If the call ends without one, what `From<Stopped>` or [`on_stop`](Self::on_stop) makes
    /// of the stop.
    ///
    /// # Panics
    ///
    /// When it has to sleep outside of a tokio runtime with a timer, unless it has a [`sleeper`](Self::sleeper).
    ///
    /// ```
    /// # use retry_core::Policy;
    /// # async fn connect() -> std::io::Result<u8> { Ok(1) }
    /// const POLICY: Policy = Policy::new().attempts(5);
    ///
    /// # #[cfg(feature = "tokio")]
    /// async fn connection() -> std::io::Result<u8> {
    ///     POLICY.call("connect").run(connect).await
    /// }
    /// # #[cfg(feature = "tokio")]
    /// # assert_eq!(tokio::runtime::Builder::new_current_thread().build()?.block_on(connection())?, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    pub fn run<T, E, R, Fut>(&self, operation: R) -> impl Future<Output = Result<T, E>>
    where
        R: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        Errors<C, F, X>: JudgeError<E>,
        X: DescribeError<E>,
        V: JudgeValue<T>,
        S: ConvertStop<E>,
        Z: AsyncSleeper,
    {
        Run::new(self.driver(), Conductor::<_, ToResult>::of(self), operation)
    }

    /// Runs the operation and tells everything about the call: see [`Outcome`].
    ///
    /// It asks nothing of the error type but a class, and reads the clock at the beginning and, unless it is refused at once, at the end.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// const POLICY: Policy = Policy::new().attempts(5);
    ///
    /// # #[cfg(feature = "tokio")]
    /// async fn connect() -> bool {
    ///     let outcome = POLICY.call("connect").execute(|| async { Ok::<_, std::io::Error>(1) }).await;
    ///     println!("{} attempts in {:?}", outcome.attempts(), outcome.elapsed());
    ///     outcome.is_success()
    /// }
    /// # #[cfg(feature = "tokio")]
    /// # assert!(tokio::runtime::Builder::new_current_thread().build()?.block_on(connect()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    pub fn execute<T, E, R, Fut>(&self, operation: R) -> impl Future<Output = Outcome<T, E>>
    where
        R: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        Errors<C, F, X>: JudgeError<E>,
        X: DescribeError<E>,
        V: JudgeValue<T>,
        Z: AsyncSleeper,
    {
        Run::new(
            self.driver(),
            Conductor::<_, ToOutcome>::of(self),
            operation,
        )
    }

    /// Runs the operation on this thread until an attempt succeeds or the call stops.
    ///
    /// A blocking attempt cannot be cut: an attempt timeout has no effect here. The deadline is looked at between attempts.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// ```
    /// # use retry_core::Policy;
    /// const POLICY: Policy = Policy::new().attempts(3);
    ///
    /// let text = POLICY.call("read_manifest").run_blocking(|| std::fs::read_to_string("Cargo.toml"))?;
    /// # assert!(text.contains("retry-core"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    pub fn run_blocking<T, E, R>(&self, mut operation: R) -> Result<T, E>
    where
        R: FnMut() -> Result<T, E>,
        Errors<C, F, X>: JudgeError<E>,
        X: DescribeError<E>,
        V: JudgeValue<T>,
        S: ConvertStop<E>,
    {
        let conductor = Conductor::<_, ToResult>::of(self);
        driver::drive(conductor, self.driver(), |_| operation())
    }

    /// Runs the operation on this thread and tells everything about the call: see [`Outcome`].
    ///
    /// A blocking attempt cannot be cut: an attempt timeout has no effect here.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// # const POLICY: Policy = Policy::new();
    /// let outcome = POLICY.call("read").execute_blocking(|| std::fs::read_to_string("Cargo.toml"));
    /// assert!(outcome.is_success());
    /// assert_eq!(outcome.attempts(), 1);
    /// ```
    pub fn execute_blocking<T, E, R>(&self, mut operation: R) -> Outcome<T, E>
    where
        R: FnMut() -> Result<T, E>,
        Errors<C, F, X>: JudgeError<E>,
        X: DescribeError<E>,
        V: JudgeValue<T>,
    {
        let conductor = Conductor::<_, ToOutcome>::of(self);
        driver::drive(conductor, self.driver(), |_| operation())
    }

    #[inline]
    fn driver<'c, T, E>(&self) -> Driver<'c, Kept<T>, E, G::Holding> {
        Driver::new(self.around.guards.begin())
    }
}

impl<J, V, S, W> fmt::Debug for Call<'_, J, V, S, W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Call")
            .field("operation", &self.plan.operation)
            .field("policy", self.plan.policy)
            .finish_non_exhaustive()
    }
}
