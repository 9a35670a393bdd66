//! What the attribute's expansion calls. Not for people: anything here may change in any release.
//!
//! An async function becomes
//!
//! ```text
//! let mut driver = driver::<Ret, _>(SITE); // with_guards(SITE, GUARDS) where there are any
//! begin(at(&mut driver, SITE)); // only with guards, and without HOOKS and VALUES; without all of them the driver is a begun_driver
//! loop {
//!     let operation = async { BODY };
//!     let turn = attempt(&mut driver, operation).await;
//!     if let Break(end) = step(turn, at(&mut driver, SITE), HOOKS, ERRORS, TEXT, VALUES, STOPS) { return end; }
//!     pause(&mut driver, ABORT).await; // only where there is one
//! }
//! ```
//!
//! [`attempt`] runs an operation that [`step`] has allowed to start: the first one, and after a failure, it does not run but sleeps, and `step`
//! is asked. So each behaviour is written once, and there is one `.await`: that is what an expansion costs when it is compiled.
//!
//! With a fallback the loop breaks with its end, which is [`settle`]d: the user's function is evaluated when there is an error for it, and after
//! everything that the loop has borrowed is free again.
//!
//! The behaviours (`HOOKS` and so on) are arguments of [`step`], so that none of them borrows `self` while the body runs. A sync
//! function becomes one call of [`run_blocking`].
#![allow(
    clippy::needless_pass_by_value,
    reason = "the expansion writes the behaviours where they are needed and keeps none of them"
)]

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::ops::{ControlFlow, Deref};

use crate::abort::Abort;
use crate::attempt::Attempt;
use crate::breaker::CircuitOpen;
use crate::class::{Classification, Classify};
use crate::classify::met_open_circuit;
use crate::driver;
use crate::driver::{
    Admission, Conduct, Dropped, Glance, Held, Holding, Keep, Kept, Planned, Unguarded, Verdict,
};
pub use crate::driver::{Attempted, Guards, Hooks, Turn};
#[cfg(feature = "tokio")]
use crate::driver::{Attempting, Pausing};
use crate::event::{Event, Observer};
use crate::judge::{
    Accepted, Classified, ConvertStop, Converted, DescribeError, Explored, Filtered, JudgeError,
    JudgeValue, Judged,
};
pub use crate::judge::{AnyValue, ByTrait, Errors, Known, NeverStops, NoFilter};
use crate::listener::{Listener, OnGivingUp, OnRetry};
use crate::outcome::{End, Outcome, Report, Stopped};
pub use crate::site::SiteGuards;
use crate::site::{Plan, Site};
#[cfg(feature = "tokio")]
use crate::time::RuntimeTimers;
use crate::time::{Sleep, TimeSource};

#[path = "private/keys.rs"]
pub mod keys;

#[cfg(feature = "inventory")]
pub use crate::inventory::SiteEntry;
#[cfg(feature = "inventory")]
pub use ::inventory::submit;

/// What the attributes were built to say of every site, where nobody wants to know: `retry-macros` may be shared with another build of this
/// crate.
#[cfg(not(feature = "inventory"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __submit_nothing {
    ($($entry:tt)*) => {};
}

#[cfg(not(feature = "inventory"))]
pub use crate::__submit_nothing as submit;

/// What `#[derive(Classify)]` calls.
pub mod derived {
    pub use crate::classify::derived::{Hint, Status, Verdict, reason, retry_after, status, with};
}

/// A type that a retried function can return.
#[diagnostic::on_unimplemented(
    message = "`#[retry]` needs a function that returns a `Result`, and `{Self}` is none",
    label = "not a `Result`",
    note = "return `Result<T, E>`: what cannot fail cannot be retried"
)]
pub trait Returns {
    /// Of the value.
    type Value;
    /// Of the error.
    type Error;
    /// The same type, known to be a result.
    fn into_result(self) -> Result<Self::Value, Self::Error>;
    /// And back.
    fn from_result(result: Result<Self::Value, Self::Error>) -> Self;
}

impl<T, E> Returns for Result<T, E> {
    type Value = T;
    type Error = E;

    #[inline]
    fn into_result(self) -> Self {
        self
    }

    #[inline]
    fn from_result(result: Self) -> Self {
        result
    }
}

/// The value's type of what a function returns.
pub type ValueOf<R> = <R as Returns>::Value;
/// The error's type of what a function returns.
pub type ErrorOf<R> = <R as Returns>::Error;
/// Finds out what an error has to say. A pointer and no type of its own, so that functions that return the same share their cold code.
pub type TextOf<R> = for<'e> fn(&'e ErrorOf<R>) -> Known<'e>;
/// What a function returns instead under `returns = outcome`.
pub type OutcomeOf<R> = Outcome<ValueOf<R>, ErrorOf<R>>;

/// The behaviours that do not depend on the operation's types.
impl<'a> Hooks<'a> {
    /// Of an async function. A constant, of which all sites have one in common.
    pub const ASYNCHRONOUS: Self = Self::new(TimeSource::asynchronous());

    /// Of a sync function.
    pub const BLOCKING: Self = Self::new(TimeSource::System);

    /// The key `abort`.
    #[must_use]
    #[inline]
    pub const fn abort(mut self, abort: &'a dyn Abort) -> Self {
        self.abort = Some(abort);
        self
    }

    /// The key `observe`.
    #[must_use]
    #[inline]
    pub const fn observe(mut self, observer: &'a dyn Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The keys `on_retry` and `on_giving_up`.
    #[must_use]
    #[inline]
    pub const fn tell(mut self, listener: &'a dyn Listener) -> Self {
        self.listener = Some(listener);
        self
    }

    /// Somebody wants to know when the call began: `returns = outcome`, or an [`Attempt`].
    #[must_use]
    #[inline]
    pub const fn timed(mut self) -> Self {
        self.timed = true;
        self
    }

    /// The key `timeline`.
    #[must_use]
    #[inline]
    pub const fn timeline(mut self, limit: usize) -> Self {
        self.timeline = Some(limit);
        self
    }
}

/// Where a call begins: at a site, with its guards if it has any.
pub trait Begin<'g> {
    /// What the call holds of them.
    type Holding: Holding<'g>;
    #[doc(hidden)]
    fn begin(self) -> (&'static Site, Self::Holding);
}

impl Begin<'_> for &'static Site {
    type Holding = Unguarded;

    #[inline]
    fn begin(self) -> (&'static Site, Unguarded) {
        (self, Unguarded)
    }
}

/// A site with guards.
pub struct GuardedSite<'g>(&'static Site, Guards<'g>);

/// The keys `breaker`, `budget` and `bulkhead`.
#[must_use]
#[inline]
pub fn with_guards<'g>(site: &'static Site, guards: Guards<'g>) -> GuardedSite<'g> {
    GuardedSite(site, guards)
}

/// The same where some of them are statics, which are found by their names once a call has been made from here.
#[must_use]
#[inline]
pub fn with_static_guards<'g>(
    site: &'static Site,
    statics: &'static SiteGuards,
    guards: Guards<'g>,
) -> GuardedSite<'g> {
    statics.register_once();
    GuardedSite(site, guards)
}

impl<'g> Begin<'g> for GuardedSite<'g> {
    type Holding = Held<'g>;

    #[inline]
    fn begin(self) -> (&'static Site, Held<'g>) {
        (self.0, Held::new(self.1))
    }
}

/// The state of an async function's call, which keeps `K` of a value that is not acceptable and holds `G` of its guards.
pub struct Driver<R: Returns, K, G>(Planned<'static, K, R::Error, G>);

/// The driver with the plan of its site, which it is told again if that is a constant: then the compiler sees what the policy has no need of.
pub struct Here<'d, R: Returns, K, G> {
    plan: &'static Plan<'static>,
    driver: &'d mut driver::Driver<'static, K, R::Error, G>,
}

/// At the site where it began. A function and not a method, which the compiler would miss besides, where there is no `Result`.
#[inline]
pub const fn at<'d, R: Returns, K, G>(
    driver: &'d mut Driver<R, K, G>,
    site: &'static Site,
) -> Here<'d, R, K, G> {
    Here {
        plan: &site.plan,
        driver: &mut driver.0.driver,
    }
}

/// The same where the site is no constant.
#[inline]
pub const fn here<R: Returns, K, G>(driver: &mut Driver<R, K, G>) -> Here<'_, R, K, G> {
    Here {
        plan: driver.0.plan,
        driver: &mut driver.0.driver,
    }
}

/// The driver at the beginning. A function and not an associated one, which the compiler would miss besides, where there is no `Result`.
#[must_use]
#[inline]
pub fn driver<'g, R: Returns, B: Begin<'g>>(begin: B) -> Driver<R, Dropped, B::Holding> {
    Driver(planned(begin))
}

/// The same where nobody has a say before the first attempt, so that the loop can begin with it.
#[must_use]
#[inline]
pub fn begun_driver<R: Returns, B>(begin: B) -> Driver<R, Dropped, Unguarded>
where
    B: Begin<'static, Holding = Unguarded>,
{
    let mut call = planned(begin);
    call.driver.begin(call.plan, &Hooks::ASYNCHRONOUS, false);
    Driver(call)
}

/// Begins a guarded call where nothing but its guards has a say before the first attempt, so that the loop can begin with it.
///
/// Apart from `driver`, which writes the state of the call where it stays. One that has begun would be copied there, and the processor waits
/// where a copy is of other parts than were written.
#[allow(
    clippy::inline_always,
    reason = "a function of its own would be that of many sites, and could not leave out what the policy and the guards of each have no need of"
)]
#[inline(always)]
pub fn begin<R: Returns, K>(here: Here<'_, R, K, Held<'_>>) {
    here.driver.begin(here.plan, &Hooks::ASYNCHRONOUS, false);
}

/// The driver at the beginning under `returns = outcome`, which tells the last value.
#[must_use]
#[inline]
pub fn keeping_driver<'g, R: Returns, B: Begin<'g>>(
    begin: B,
) -> Driver<R, Kept<R::Value>, B::Holding> {
    Driver(planned(begin))
}

#[inline]
fn planned<'g, B: Begin<'g>, K, E>(begin: B) -> Planned<'static, K, E, B::Holding> {
    let (site, guards) = begin.begin();
    Planned {
        plan: &site.plan,
        driver: driver::Driver::new(guards),
    }
}

/// A call that has ended.
pub struct Ended<'d, R: Returns> {
    /// Only asked where there is something to report.
    report: &'d mut dyn FnMut() -> Report,
    end: End<R::Value, R::Error>,
}

impl<R: Returns> Ended<'_, R> {
    #[inline]
    fn into_result(self, convert: impl FnOnce(Stopped) -> R::Error) -> R {
        R::from_result(match self.end {
            End::Success(value) => Ok(value),
            End::Error(error) => Err(error),
            End::Value(_) | End::Nothing => Err(convert((self.report)().into_stopped())),
        })
    }
}

/// What a call that has ended gives.
pub trait Finish<R: Returns> {
    /// Its type: that of an attempt, or an [`Outcome`].
    type End;
    /// Makes it.
    fn finish(&self, ended: Ended<'_, R>) -> Self::End;
}

impl<R: Returns, F: Fn(Stopped) -> R::Error> Finish<R> for Converted<F> {
    type End = R;

    #[inline]
    fn finish(&self, ended: Ended<'_, R>) -> R {
        ended.into_result(|stopped| self.convert(stopped))
    }
}

impl<R: Returns> Finish<R> for NeverStops {
    type End = R;

    #[inline]
    fn finish(&self, ended: Ended<'_, R>) -> R {
        ended.into_result(|stopped| self.convert(stopped))
    }
}

/// The key `returns = outcome`.
#[derive(Clone, Copy, Debug)]
pub struct ToOutcome;

impl<R: Returns> Finish<R> for ToOutcome {
    type End = OutcomeOf<R>;

    #[inline]
    fn finish(&self, ended: Ended<'_, R>) -> OutcomeOf<R> {
        Outcome {
            end: ended.end,
            report: (ended.report)(),
        }
    }
}

/// What the engine says about the turn: the end, or another one.
#[allow(
    clippy::inline_always,
    reason = "a function of its own would be that of many sites, and could not leave out what the policy of each has no need of"
)]
#[inline(always)]
pub fn step<'g, R, K, G, C, F, V, S>(
    turn: Turn<R>,
    here: Here<'_, R, K, G>,
    hooks: &Hooks<'_>,
    errors: Judges<C, F>,
    text: TextOf<R>,
    values: V,
    stops: S,
) -> ControlFlow<S::End>
where
    R: Returns,
    K: Keep<R::Value>,
    G: Holding<'g>,
    V: JudgeValue<R::Value>,
    S: Finish<R>,
    Errors<C, F, Explored<TextOf<R>>>: JudgeError<R::Error>,
{
    let errors = errors.with(text);
    let Here { plan, driver } = here;
    let (turn, verdict) = match turn {
        Turn::Taken(Attempted::Finished(result)) => {
            let result = result.into_result();
            match driver.glance(plan, result.as_ref(), hooks, &errors, &values) {
                Glance::Success => {
                    return ControlFlow::Break(stops.finish(Ended {
                        report: &mut || driver.report(plan, hooks),
                        end: result.into(),
                    }));
                }
                Glance::Again => return ControlFlow::Continue(()),
                Glance::Unsettled(verdict) => (Turn::Taken(Attempted::Finished(result)), verdict),
            }
        }
        Turn::Taken(Attempted::Cut) => (Turn::Taken(Attempted::Cut), Verdict::Open),
        Turn::Due => (Turn::Due, Verdict::Open),
    };
    let here = Here { plan, driver };
    // A copy: what is passed on as it came would have been in memory, and not in registers, all the time.
    let errors = Errors { ..errors };
    go_on(here, turn, verdict, hooks, &errors, V::RULED, stops)
}

/// What follows on a turn that is not a success without further notice.
#[cold]
#[inline(never)]
fn go_on<'g, R, K, G, C, F, S>(
    here: Here<'_, R, K, G>,
    turn: Turn<Result<R::Value, R::Error>>,
    verdict: Verdict,
    hooks: &Hooks<'_>,
    errors: &Errors<C, F, Explored<TextOf<R>>>,
    ruled: bool,
    stops: S,
) -> ControlFlow<S::End>
where
    R: Returns,
    K: Keep<R::Value>,
    G: Holding<'g>,
    S: Finish<R>,
    Errors<C, F, Explored<TextOf<R>>>: JudgeError<R::Error>,
{
    let Here { plan, driver } = here;
    let end = match turn {
        Turn::Due => match driver.may_start(plan, hooks, ruled, errors) {
            Admission::Granted | Admission::Queued => return ControlFlow::Continue(()),
            Admission::Refused => driver.take_last(),
        },
        Turn::Taken(attempted) => match driver.conclude(plan, attempted, verdict, hooks, errors) {
            ControlFlow::Continue(()) => return ControlFlow::Continue(()),
            ControlFlow::Break(end) => end,
        },
    };
    ControlFlow::Break(stops.finish(Ended {
        report: &mut || driver.report(plan, hooks),
        end,
    }))
}

/// The attempt that has been allowed to start, for a function with a parameter `#[attempt]`.
#[must_use]
#[inline]
pub fn current<'g, R: Returns, K, G: Holding<'g>>(driver: &Driver<R, K, G>) -> Attempt {
    driver
        .0
        .driver
        .attempt(driver.0.plan, TimeSource::asynchronous())
}

/// An attempt, cut when its time is over; or what has to come before it.
#[cfg(feature = "tokio")]
#[inline]
pub const fn attempt<R: Returns, K, G, F: Future<Output = R>>(
    driver: &mut Driver<R, K, G>,
    operation: F,
) -> Attempting<'_, 'static, K, R::Error, G, RuntimeTimers, F> {
    Attempting::new(&mut driver.0, RuntimeTimers, operation)
}

/// Says what is missing.
#[cfg(not(feature = "tokio"))]
pub async fn attempt<R: Returns, K, G, F: Future<Output = R> + HasTimer>(
    _: &mut Driver<R, K, G>,
    operation: F,
) -> Turn<R> {
    Turn::Taken(Attempted::Finished(operation.await))
}

/// An async function that has a timer to sleep on. There is none without tokio.
#[cfg(not(feature = "tokio"))]
#[diagnostic::on_unimplemented(
    message = "`#[retry]` on an async function needs a timer to sleep on, and `retry-core` was built without one",
    label = "no timer",
    note = "enable the feature `tokio` of `retry-core`, or call the function through `Policy::call(…).sleeper(&…).run(…)` instead"
)]
pub trait HasTimer {}

/// The sleep between two attempts, or the wait for the bulkhead, if there is one and something can cut it short.
#[cfg(feature = "tokio")]
#[inline]
pub fn pause<'d, 'w, 'g, R: Returns, K, G: Holding<'g>>(
    driver: &'d mut Driver<R, K, G>,
    abort: &'w dyn Abort,
) -> Pausing<'d, 'static, 'w, K, R::Error, G, RuntimeTimers> {
    Pausing::new(&mut driver.0.driver, RuntimeTimers, Some(abort))
}

/// Never awaited: [`attempt`] does not compile.
#[cfg(not(feature = "tokio"))]
pub fn pause<R: Returns, K, G>(_: &mut Driver<R, K, G>, _: &dyn Abort) -> std::future::Ready<()> {
    std::future::ready(())
}

/// The whole of a sync function.
#[inline]
pub fn run_blocking<'g, R, C, F, V, S>(
    site: impl Begin<'g>,
    hooks: &Hooks<'_>,
    errors: Judges<C, F>,
    text: TextOf<R>,
    values: V,
    stops: S,
    mut operation: impl FnMut() -> R,
) -> S::End
where
    R: Returns,
    Errors<C, F, Explored<TextOf<R>>>: JudgeError<R::Error>,
    V: JudgeValue<R::Value>,
    S: Finish<R>,
{
    drive_blocking(site, hooks, errors, text, values, stops, |_, _| operation())
}

/// The whole of a sync function with a parameter `#[attempt]`.
#[inline]
pub fn run_blocking_aware<'g, R, C, F, V, S>(
    site: impl Begin<'g>,
    hooks: &Hooks<'_>,
    errors: Judges<C, F>,
    text: TextOf<R>,
    values: V,
    stops: S,
    mut operation: impl FnMut(Attempt) -> R,
) -> S::End
where
    R: Returns,
    Errors<C, F, Explored<TextOf<R>>>: JudgeError<R::Error>,
    V: JudgeValue<R::Value>,
    S: Finish<R>,
{
    drive_blocking(site, hooks, errors, text, values, stops, |plan, driver| {
        operation(driver.attempt(plan, TimeSource::System))
    })
}

#[inline]
fn drive_blocking<'g, R, B, C, F, V, S>(
    site: B,
    hooks: &Hooks<'_>,
    errors: Judges<C, F>,
    text: TextOf<R>,
    values: V,
    stops: S,
    mut operation: impl FnMut(
        &'static Plan<'static>,
        &driver::Driver<'_, Kept<R::Value>, R::Error, B::Holding>,
    ) -> R,
) -> S::End
where
    R: Returns,
    B: Begin<'g>,
    Errors<C, F, Explored<TextOf<R>>>: JudgeError<R::Error>,
    V: JudgeValue<R::Value>,
    S: Finish<R>,
{
    let Planned { plan, driver } = planned(site);
    let conductor = BlockingCall {
        plan,
        hooks,
        errors: errors.with(text),
        values,
        stops,
        returns: PhantomData::<fn() -> R>,
    };
    driver::drive(conductor, driver, |driver| {
        operation(plan, driver).into_result()
    })
}

/// What the keys of a sync function say.
struct BlockingCall<'h, R, J, V, S> {
    plan: &'static Plan<'static>,
    hooks: &'h Hooks<'h>,
    errors: J,
    values: V,
    stops: S,
    returns: PhantomData<fn() -> R>,
}

impl<'c, R, J, V, S> Conduct<'c, R::Value, R::Error> for BlockingCall<'c, R, J, V, S>
where
    R: Returns,
    J: JudgeError<R::Error> + DescribeError<R::Error>,
    V: JudgeValue<R::Value>,
    S: Finish<R>,
{
    type Errors = J;
    type Values = V;
    type End = S::End;

    #[inline]
    fn plan(&self) -> &'c Plan<'c> {
        self.plan
    }

    #[inline]
    fn hooks(&self, _: TimeSource<'c>) -> Hooks<'c> {
        self.hooks.copied()
    }

    #[inline]
    fn errors(&self) -> &J {
        &self.errors
    }

    #[inline]
    fn values(&self) -> &V {
        &self.values
    }

    fn sleeper(&self) -> Option<&dyn Sleep> {
        None
    }

    #[inline]
    fn copied(self) -> Self {
        Self { ..self }
    }

    #[inline]
    fn finish<'g, G: Holding<'g>>(
        &self,
        driver: &mut driver::Driver<'c, Kept<R::Value>, R::Error, G>,
        hooks: &Hooks<'_>,
        end: End<R::Value, R::Error>,
    ) -> S::End {
        self.stops.finish(Ended {
            report: &mut || driver.report(self.plan, &hooks.copied()),
            end,
        })
    }
}

/// What is left to do with the end of a call that has a fallback: nothing, or to answer for this error.
#[inline]
pub fn settle<R: Returns>(end: R) -> ControlFlow<R, R::Error> {
    match end.into_result() {
        Ok(value) => ControlFlow::Break(R::from_result(Ok(value))),
        Err(error) => ControlFlow::Continue(error),
    }
}

/// The key `fallback` of a sync function.
#[inline]
pub fn fall_back<R: Returns>(fallback: impl FnOnce(R::Error) -> R, error: R::Error) -> R {
    fallback(error)
}

/// The key `fallback` of an async function.
#[inline]
pub fn begin_fallback<R: Returns, U>(fallback: impl FnOnce(R::Error) -> U, error: R::Error) -> U {
    fallback(error)
}

/// What the fallback of an async function has begun.
#[inline]
pub fn answer<R: Returns>(answer: impl Answers<R>) -> impl Future<Output = R> {
    answer
}

/// A future of what a function returns.
#[diagnostic::on_unimplemented(
    message = "the fallback of an async function gives a future of `{R}`, and `{Self}` is none",
    label = "no future of `{R}`",
    note = "write `fallback = async |error| …`, or name an `async fn`"
)]
pub trait Answers<R>: Future<Output = R> {}

#[diagnostic::do_not_recommend]
impl<R, U: Future<Output = R>> Answers<R> for U {}

/// How errors are classified and filtered.
pub struct Judges<C, F>(C, F);

impl<C, F> Judges<C, F> {
    #[inline]
    fn with<D>(self, describe: D) -> Errors<C, F, Explored<D>> {
        Errors {
            classify: self.0,
            filter: self.1,
            text: Explored(describe),
        }
    }
}

/// What an error says about itself.
pub type OwnClass<E> = Classified<fn(&E) -> Classification>;

/// By the error's own [`Classify`]. Already asked for here, and not of [`run_blocking`] or [`step`], so that the compiler blames the one type
/// that the expansion names: the function's return type.
#[inline]
#[must_use]
pub const fn by_trait<R>() -> Judges<OwnClass<R::Error>, NoFilter>
where
    R: Returns,
    R::Error: Classify,
{
    Judges(Classified(Classify::classify), NoFilter)
}

/// By what the keys say.
#[inline]
#[must_use]
pub const fn by_keys<C, F>(classify: C, filter: F) -> Judges<C, F> {
    Judges(classify, filter)
}

/// Asks for a `Result` and for nothing else, so that the compiler blames the one type that the expansion names first.
#[inline]
pub const fn returns<R: Returns>() {}

/// The key `classify`.
#[inline]
pub const fn classified<R, K, C>(classify: C) -> Classified<C>
where
    R: Returns,
    C: Fn(&R::Error) -> K,
    K: Into<Classification>,
{
    Classified(classify)
}

/// The key `retry_if`.
#[inline]
pub const fn filtered<R, F>(filter: F) -> Filtered<F>
where
    R: Returns,
    F: Fn(&R::Error) -> bool,
{
    Filtered(filter)
}

/// The key `retry_until`.
#[inline]
pub const fn accepted<R, F>(accept: F) -> Accepted<F>
where
    R: Returns,
    F: Fn(&R::Value) -> bool,
{
    Accepted(accept)
}

/// The key `classify_value`.
#[inline]
pub const fn judged<R, F>(classify: F) -> Judged<F>
where
    R: Returns,
    F: Fn(&R::Value) -> Option<Classification>,
{
    Judged(classify)
}

/// The key `on_stop`.
#[inline]
pub const fn converted<R, F>(convert: F) -> Converted<F>
where
    R: Returns,
    F: Fn(Stopped) -> R::Error,
{
    Converted(convert)
}

/// The key `on_retry`. What it gives has no name, so that a closure of another kind is blamed once.
#[inline]
pub const fn on_retry<F: Fn(&Event<'_>)>(hook: F) -> impl Listener {
    OnRetry(hook)
}

/// The key `on_giving_up`.
#[inline]
pub const fn on_giving_up<F: Fn(&Event<'_>)>(hook: F) -> impl Listener {
    OnGivingUp(hook)
}

/// By the error type itself, without the key `on_stop`.
#[inline]
pub const fn carried<R: Returns>(convert: fn(Carrier<R::Error>) -> R::Error) -> Carried<R::Error> {
    Carried(convert)
}

/// What asks a [`Carrier`].
pub struct Carried<E>(fn(Carrier<E>) -> E);

impl<R: Returns> Finish<R> for Carried<R::Error> {
    type End = R;

    #[inline]
    fn finish(&self, ended: Ended<'_, R>) -> R {
        ended.into_result(|stopped| (self.0)(Carrier(NoCarrier(stopped, PhantomData))))
    }
}

/// Finds out what an error has to say: `text(&error).__retry_known()` is the first of the methods below that its type has, as the compiler comes
/// from each to the next. The name is one that no trait of the user's has for everything: that one would come first.
#[must_use]
#[inline]
pub const fn text<E: ?Sized>(error: &E) -> Text<'_, E> {
    Text(ErrorText(DisplayText(error)))
}

/// See [`text`]: types that have a source although they are no `Error`, or hide one from `source`.
pub struct Text<'a, E: ?Sized>(ErrorText<'a, E>);

/// See [`text`]: any `Error`.
pub struct ErrorText<'a, E: ?Sized>(DisplayText<'a, E>);

/// See [`text`]: whatever can be written.
pub struct DisplayText<'a, E: ?Sized>(&'a E);

/// See [`text`]: nothing is known.
pub struct NoText;

/// See [`Text`].
pub trait AsError: fmt::Display {
    /// What stands for it in a chain of sources.
    fn as_error(&self) -> &(dyn Error + 'static);
}

macro_rules! as_errors {
    ($($ty:ty: |$error:ident| $as_error:expr;)*) => {
        $(impl AsError for $ty {
            fn as_error(&self) -> &(dyn Error + 'static) {
                let $error = self;
                $as_error
            }
        })*
    };
}

as_errors! {
    io::Error: |error| error;
    Stopped: |error| error;
    CircuitOpen: |error| error;
    Box<dyn Error>: |error| &**error;
    Box<dyn Error + Send + Sync>: |error| &**error;
}

impl<'a, E: AsError> Text<'a, E> {
    /// Its text, and whether it, or anything below it, met an open circuit.
    #[must_use]
    pub fn __retry_known(&self) -> Known<'a> {
        let error = self.0.0.0;
        Known {
            text: Some(error),
            met_open_circuit: met_open_circuit(error.as_error()),
        }
    }
}

impl<'a, E: Error> ErrorText<'a, E> {
    /// Its text, and whether anything below it met an open circuit.
    #[must_use]
    pub fn __retry_known(&self) -> Known<'a> {
        Known {
            text: Some(self.0.0),
            met_open_circuit: self.0.0.source().is_some_and(met_open_circuit),
        }
    }
}

impl<'a, E: fmt::Display> DisplayText<'a, E> {
    /// Its text.
    #[must_use]
    pub fn __retry_known(&self) -> Known<'a> {
        Known {
            text: Some(self.0),
            met_open_circuit: false,
        }
    }
}

impl NoText {
    /// It has none.
    #[must_use]
    pub fn __retry_known(&self) -> Known<'static> {
        Known::default()
    }
}

impl<'a, E: ?Sized> Deref for Text<'a, E> {
    type Target = ErrorText<'a, E>;

    fn deref(&self) -> &ErrorText<'a, E> {
        &self.0
    }
}

impl<'a, E: ?Sized> Deref for ErrorText<'a, E> {
    type Target = DisplayText<'a, E>;

    fn deref(&self) -> &DisplayText<'a, E> {
        &self.0
    }
}

impl<E: ?Sized> Deref for DisplayText<'_, E> {
    type Target = NoText;

    fn deref(&self) -> &NoText {
        &NoText
    }
}

/// A stop on its way to become an error, which finds out whether it can: its methods are those below if `E: From<Stopped>`, else those of
/// [`NoCarrier`], which the compiler comes to next.
pub struct Carrier<E>(NoCarrier<E>);

/// See [`Carrier`].
pub struct NoCarrier<E>(Stopped, PhantomData<fn() -> E>);

impl<E: From<Stopped>> Carrier<E> {
    /// It can.
    pub const CARRIES: bool = true;

    /// Makes the error.
    #[must_use]
    pub fn carry(self) -> E {
        E::from(self.0.0)
    }

    /// Makes the error.
    #[must_use]
    pub fn carry_if_needed(self) -> E {
        self.carry()
    }
}

/// An error type that can carry a stop.
#[diagnostic::on_unimplemented(
    message = "this call can end without an error of its own, and `{Self}` cannot be made from `Stopped`",
    label = "`{Self}` has no way to say why the call stopped",
    note = "implement `From<retry_core::Stopped>` for `{Self}`, or set `on_stop = |stopped| …` in the attribute"
)]
pub trait CarriesStop {}

impl<E> NoCarrier<E> {
    /// Says what is missing.
    #[must_use]
    pub fn carry(&self) -> E
    where
        E: CarriesStop,
    {
        unreachable!(
            "no error type implements `CarriesStop`, but one was asked to carry: {}",
            self.0
        )
    }

    /// Never called: a constant's check has shown that the policy cannot stop the call without an error.
    #[must_use]
    pub fn carry_if_needed(&self) -> E {
        unreachable!(
            "the policy has no attempt timeout, but the call ended so: {}",
            self.0
        )
    }
}

impl<E> Deref for Carrier<E> {
    type Target = NoCarrier<E>;

    fn deref(&self) -> &NoCarrier<E> {
        &self.0
    }
}

/// See [`Carrier::CARRIES`].
pub trait NotCarried {
    /// It cannot.
    const CARRIES: bool = false;
}

impl<E> NotCarried for Carrier<E> {}
