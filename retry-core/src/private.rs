//! What the attribute's expansion calls. Not for people: anything here may change in any release.
//!
//! An async function becomes
//!
//! ```text
//! let mut driver = driver::<Ret>(SITE);
//! loop {
//!     if let Break(end) = before(&mut driver, HOOKS, RULED, STOPS) { return end; }
//!     let attempted = attempt(&mut driver, async { BODY }).await;
//!     if let Break(end) = after(&mut driver, attempted, HOOKS, ERRORS, VALUES, STOPS) { return end; }
//!     pause(&mut driver, WAKE).await;
//! }
//! ```
//!
//! With a fallback the loop breaks with its end, which is [`settle`]d: the user's function is evaluated when there is an error for it, and after
//! everything that the loop has borrowed is free again.
//!
//! The behaviours (`HOOKS` and so on) are written out at each step, so that none of them borrows `self` while the body runs. A sync
//! function becomes one call of [`run_blocking`].
#![allow(
    clippy::needless_pass_by_value,
    reason = "the expansion writes the behaviours where they are needed and keeps none of them"
)]

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::ControlFlow;

use crate::abort::Abort;
use crate::attempt::Attempt;
use crate::class::{Classification, Classify};
use crate::driver;
pub use crate::driver::{Attempted, Hooks};
#[cfg(feature = "tokio")]
use crate::driver::{Attempting, Pausing};
use crate::driver::{Dropped, Keep, Kept};
use crate::event::Observer;
use crate::judge::{
    Accepted, Classified, ConvertStop, Converted, DescribeError, Displayed, Filtered, JudgeError,
    JudgeValue, Judged,
};
pub use crate::judge::{AnyValue, ByTrait, Errors, NeverStops, NoFilter};
use crate::outcome::{End, Outcome, Report, Stopped};
use crate::site::Site;
#[cfg(feature = "tokio")]
use crate::time::RuntimeTimers;
use crate::time::TimeSource;

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
/// What a function returns instead under `returns = outcome`.
pub type OutcomeOf<R> = Outcome<ValueOf<R>, ErrorOf<R>>;

/// The behaviours that do not depend on the operation's types.
impl<'a> Hooks<'a> {
    /// Of an async function.
    #[must_use]
    #[inline]
    pub const fn asynchronous() -> Self {
        Self::new(TimeSource::asynchronous())
    }

    /// Of a sync function.
    #[must_use]
    #[inline]
    pub const fn blocking() -> Self {
        Self::new(TimeSource::System)
    }

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

/// What can wake a call that sleeps.
#[derive(Clone, Copy)]
pub struct Wake<'a>(pub Option<&'a dyn Abort>);

impl<'a> Wake<'a> {
    /// Nothing.
    #[must_use]
    #[inline]
    pub const fn never() -> Self {
        Self(None)
    }

    /// An abort.
    #[must_use]
    #[inline]
    pub const fn on(abort: &'a dyn Abort) -> Self {
        Self(Some(abort))
    }
}

/// The state of an async function's call, which keeps `K` of a value that is not acceptable.
pub struct Driver<R: Returns, K = Dropped>(driver::Driver<'static, K, R::Error>);

/// The driver at the beginning. A function and not an associated one, which the compiler would miss besides, where there is no `Result`.
#[must_use]
#[inline]
pub const fn driver<R: Returns>(site: &'static Site) -> Driver<R> {
    Driver(driver::Driver::new(&site.plan))
}

/// The same under `returns = outcome`, which tells the last value.
#[must_use]
#[inline]
pub const fn keeping_driver<R: Returns>(site: &'static Site) -> Driver<R, Kept<R::Value>> {
    Driver(driver::Driver::new(&site.plan))
}

/// A call that has ended.
pub struct Ended<'d, R: Returns> {
    /// Only asked where there is something to report.
    report: &'d mut dyn FnMut() -> Report,
    end: End<R::Value, R::Error>,
}

impl<R: Returns> Ended<'_, R> {
    #[inline]
    fn into_result(self, stops: &impl ConvertStop<R::Error>) -> R {
        R::from_result(match self.end {
            End::Success(value) => Ok(value),
            End::Error(error) => Err(error),
            End::Value(_) | End::Nothing => Err(stops.convert((self.report)().into_stopped())),
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
        ended.into_result(self)
    }
}

impl<R: Returns> Finish<R> for NeverStops {
    type End = R;

    #[inline]
    fn finish(&self, ended: Ended<'_, R>) -> R {
        ended.into_result(self)
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

/// Whether the next attempt may start.
#[inline]
pub fn before<R: Returns, K: Keep<R::Value>, S: Finish<R>>(
    driver: &mut Driver<R, K>,
    hooks: Hooks<'_>,
    ruled: bool,
    stops: S,
) -> ControlFlow<S::End> {
    if driver.0.may_start(&hooks, ruled) {
        return ControlFlow::Continue(());
    }
    let end = driver.0.take_last();
    ControlFlow::Break(stops.finish(Ended {
        report: &mut || driver.0.report(&hooks),
        end,
    }))
}

/// The attempt that has been allowed to start, for a function with a parameter `#[attempt]`.
#[must_use]
#[inline]
pub fn current<R: Returns, K>(driver: &Driver<R, K>) -> Attempt {
    driver.0.attempt(TimeSource::asynchronous())
}

/// An attempt, cut when its time is over.
#[cfg(feature = "tokio")]
#[inline]
pub const fn attempt<R: Returns, K, F: Future<Output = R>>(
    driver: &mut Driver<R, K>,
    operation: F,
) -> Attempting<'_, 'static, K, R::Error, RuntimeTimers, F> {
    Attempting::new(&mut driver.0, RuntimeTimers, operation)
}

/// Says what is missing.
#[cfg(not(feature = "tokio"))]
pub async fn attempt<R: Returns, K, F: Future<Output = R> + HasTimer>(
    _: &mut Driver<R, K>,
    operation: F,
) -> Attempted<R> {
    Attempted::Finished(operation.await)
}

/// An async function that has a timer to sleep on. There is none without tokio.
#[cfg(not(feature = "tokio"))]
#[diagnostic::on_unimplemented(
    message = "`#[retry]` on an async function needs a timer to sleep on, and `retry-core` was built without one",
    label = "no timer",
    note = "enable the feature `tokio` of `retry-core`, or call the function through `Policy::call(…).sleeper(&…).run(…)` instead"
)]
pub trait HasTimer {}

/// What follows from an attempt: the end, or a sleep and another one.
#[inline]
pub fn after<R, K, C, F, X, S>(
    driver: &mut Driver<R, K>,
    attempted: Attempted<R>,
    hooks: Hooks<'_>,
    errors: Errors<C, F, X>,
    values: impl JudgeValue<R::Value>,
    stops: S,
) -> ControlFlow<S::End>
where
    R: Returns,
    K: Keep<R::Value>,
    S: Finish<R>,
    Errors<C, F, X>: JudgeError<R::Error>,
    X: DescribeError<R::Error>,
{
    let attempted = match attempted {
        Attempted::Finished(result) => Attempted::Finished(result.into_result()),
        Attempted::Cut { by_deadline } => Attempted::Cut { by_deadline },
    };
    match driver.0.conclude(attempted, &hooks, &errors, &values) {
        ControlFlow::Continue(()) => ControlFlow::Continue(()),
        ControlFlow::Break(end) => ControlFlow::Break(stops.finish(Ended {
            report: &mut || driver.0.report(&hooks),
            end,
        })),
    }
}

/// The sleep between two attempts.
#[cfg(feature = "tokio")]
#[inline]
pub fn pause<'d, 'w, R: Returns, K>(
    driver: &'d mut Driver<R, K>,
    wake: Wake<'w>,
) -> Pausing<'d, 'static, 'w, K, R::Error, RuntimeTimers> {
    Pausing::new(&mut driver.0, RuntimeTimers, wake.0)
}

/// Never awaited: [`attempt`] does not compile.
#[cfg(not(feature = "tokio"))]
pub fn pause<R: Returns, K>(_: &mut Driver<R, K>, _: Wake<'_>) -> std::future::Ready<()> {
    std::future::ready(())
}

/// The whole of a sync function.
#[inline]
pub fn run_blocking<R, C, F, X, V, S>(
    site: &'static Site,
    hooks: Hooks<'_>,
    errors: Errors<C, F, X>,
    values: V,
    stops: S,
    mut operation: impl FnMut() -> R,
) -> S::End
where
    R: Returns,
    Errors<C, F, X>: JudgeError<R::Error>,
    X: DescribeError<R::Error>,
    V: JudgeValue<R::Value>,
    S: Finish<R>,
{
    drive_blocking(site, hooks, errors, values, stops, |_| operation())
}

/// The whole of a sync function with a parameter `#[attempt]`.
#[inline]
pub fn run_blocking_aware<R, C, F, X, V, S>(
    site: &'static Site,
    hooks: Hooks<'_>,
    errors: Errors<C, F, X>,
    values: V,
    stops: S,
    mut operation: impl FnMut(Attempt) -> R,
) -> S::End
where
    R: Returns,
    Errors<C, F, X>: JudgeError<R::Error>,
    X: DescribeError<R::Error>,
    V: JudgeValue<R::Value>,
    S: Finish<R>,
{
    drive_blocking(site, hooks, errors, values, stops, |driver| {
        operation(driver.attempt(TimeSource::System))
    })
}

#[inline]
fn drive_blocking<R, C, F, X, V, S>(
    site: &'static Site,
    hooks: Hooks<'_>,
    errors: Errors<C, F, X>,
    values: V,
    stops: S,
    mut operation: impl FnMut(&driver::Driver<'static, Kept<R::Value>, R::Error>) -> R,
) -> S::End
where
    R: Returns,
    Errors<C, F, X>: JudgeError<R::Error>,
    X: DescribeError<R::Error>,
    V: JudgeValue<R::Value>,
    S: Finish<R>,
{
    let mut driver = keeping_driver::<R>(site);
    let attempt = |driver: &_| operation(driver).into_result();
    let end = driver::drive_blocking(&mut driver.0, &hooks, None, &errors, &values, attempt);
    stops.finish(Ended {
        report: &mut || driver.0.report(&hooks),
        end,
    })
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

/// By the error's own [`Classify`]. Already asked for here, and not of [`run_blocking`] or [`after`], so that the compiler blames the one type
/// that the expansion names: the function's return type.
#[inline]
#[must_use]
pub const fn by_trait<R>() -> Classified<fn(&R::Error) -> Classification>
where
    R: Returns,
    R::Error: Classify,
{
    Classified(Classify::classify)
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

/// The error's text, if it has one.
#[inline]
pub const fn described<R, D>(describe: D) -> Displayed<D>
where
    R: Returns,
    D: Fn(&R::Error) -> Option<&dyn fmt::Display>,
{
    Displayed(describe)
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

/// Finds out whether an error has a text: `Text(&error).known()` is the method below if `E: Display`, else that of [`NoText`].
pub struct Text<'a, E: ?Sized>(pub &'a E);

impl<'a, E: fmt::Display> Text<'a, E> {
    /// It has.
    #[must_use]
    pub fn known(&self) -> Option<&'a dyn fmt::Display> {
        Some(self.0)
    }
}

/// See [`Text`].
pub trait NoText<'a> {
    /// It has none.
    fn known(&self) -> Option<&'a dyn fmt::Display>;
}

impl<'a, E: ?Sized> NoText<'a> for Text<'a, E> {
    fn known(&self) -> Option<&'a dyn fmt::Display> {
        None
    }
}

/// Finds out whether an error can be made from [`Stopped`]: its items are those below if `E: From<Stopped>`, else those of
/// [`NotCarried`].
pub struct Carrier<E>(PhantomData<fn() -> E>);

impl<E> Carrier<E> {
    /// For the error type `E`.
    #[must_use]
    #[inline]
    #[allow(clippy::new_without_default)] // nobody but the expansion makes one
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<E: From<Stopped>> Carrier<E> {
    /// It can.
    pub const CARRIES: bool = true;

    /// Makes the error.
    #[must_use]
    pub fn carry(self, stopped: Stopped) -> E {
        E::from(stopped)
    }

    /// Makes the error.
    #[must_use]
    pub fn carry_if_needed(self, stopped: Stopped) -> E {
        E::from(stopped)
    }
}

/// An error type that can carry a stop.
#[diagnostic::on_unimplemented(
    message = "this call can end without an error of its own, and `{Self}` cannot be made from `Stopped`",
    label = "`{Self}` has no way to say why the call stopped",
    note = "implement `From<retry_core::Stopped>` for `{Self}`, or set `on_stop = |stopped| …` in the attribute"
)]
pub trait CarriesStop {}

/// See [`Carrier`].
pub trait NotCarried<E>: Sized {
    /// It cannot.
    const CARRIES: bool = false;

    /// Says what is missing.
    #[must_use]
    fn carry(self, stopped: Stopped) -> E
    where
        E: CarriesStop,
    {
        unreachable!(
            "no error type implements `CarriesStop`, but one was asked to carry: {stopped}"
        )
    }

    /// Never called: a constant's check has shown that the policy cannot stop the call without an error.
    #[must_use]
    fn carry_if_needed(self, stopped: Stopped) -> E {
        unreachable!("the policy has no attempt timeout, but the call ended so: {stopped}")
    }
}

impl<E> NotCarried<E> for Carrier<E> {}
