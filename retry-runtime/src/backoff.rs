//! How long to wait before the next attempt: formulas and nothing else.

mod context;
mod nanos;
mod problem;

use std::time::Duration;

pub use self::context::BackoffContext;
pub(crate) use self::nanos::to_duration;
use self::nanos::{LONGEST, between, fibonacci, greatest, least, power, scale, shrink};
pub(crate) use self::problem::Problem;

/// The longest delay of a growing backoff that names no `max`: long enough to let a restart
/// happen, short enough that a call does not look hung.
const DEFAULT_MAX: Duration = Duration::from_secs(30);

/// Doubling is what everybody expects of an exponential backoff.
const DEFAULT_FACTOR: f64 = 2.0;

/// Grows by half: for callers that share one resource and mostly get it at the second try.
pub(crate) const TOKEN_FACTOR: f64 = 1.5;

/// How a delay is spread, so that callers which failed together do not come back together.
///
/// The names and formulas are those of Marc Brooker's "Exponential Backoff And Jitter" (AWS
/// Architecture Blog, 2015); `Spread` is the randomisation that most HTTP clients call jitter.
///
/// ```
/// use retry_core::{Backoff, Jitter};
/// use std::time::Duration;
///
/// let backoff = Backoff::fixed(Duration::from_secs(10)).jitter(Jitter::Spread(0.2));
/// assert_eq!(backoff.bounds(1), (Duration::from_secs(8), Duration::from_secs(12)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jitter {
    /// The delay as it is.
    None,
    /// Uniform in `[0, d]`: the best spread, and the shortest waits.
    Full,
    /// Uniform in `[d/2, d]`: some wait is certain.
    Equal,
    /// Uniform in `[d(1−f), d(1+f)]` for a spread f of 0 to 1.
    Spread(f64),
}

/// The rule that gives the delay before the next attempt.
///
/// n is how many failures this backoff has answered in the call, from 1.
///
/// | constructor | delay before jitter | jitter | `max` |
/// |---|---|---|---|
/// | [`none()`](Self::none) | 0 | | |
/// | [`fixed(d)`](Self::fixed) | d | none | none |
/// | [`linear(step)`](Self::linear) | step·n | full | 30 s |
/// | [`exponential(base)`](Self::exponential) | base·factor^(n−1), factor 2 | full | 30 s |
/// | [`fibonacci(unit)`](Self::fibonacci) | unit·fib(n): 1, 1, 2, 3, 5 … | full | 30 s |
/// | [`decorrelated(base)`](Self::decorrelated) | uniform in [base, min(max, 3·previous)] | | 30 s |
/// | [`token(base)`](Self::token) | exponential with factor 1.5 | equal | 30 s |
/// | [`schedule(&[d₁, d₂, …])`](Self::schedule) | dₙ, the last one repeated | none | none |
/// | [`custom(f)`](Self::custom) | what the function says | none | none |
///
/// The last two columns are the defaults, changed by [`jitter`](Self::jitter) and
/// [`max`](Self::max); the default `max` of 30 s is raised to the base or `min` where these are
/// longer. A delay never exceeds `max`, jitter included: the delay is capped first, so that the
/// whole window of its jitter fits below `max` and delays do not pile up there.
///
/// Every constructor and modifier is a `const fn` that panics with a full sentence when it is
/// given something that makes no sense, so that in a `const` a mistake is a compile error.
/// Modifiers may come in any order. What is accepted saturates: no n and no `Duration` panics,
/// wraps or turns infinity into zero.
///
/// ```
/// use retry_core::{Backoff, BackoffContext, Jitter};
/// use std::time::Duration;
///
/// const BACKOFF: Backoff = Backoff::exponential(Duration::from_millis(100))
///     .max(Duration::from_secs(1))
///     .jitter(Jitter::None);
///
/// let delay = |n| BACKOFF.delay(&BackoffContext::new(n), 0.0).as_millis();
/// assert_eq!([delay(1), delay(2), delay(3), delay(9)], [100, 200, 400, 1_000]);
/// ```
///
/// ```compile_fail
/// # use retry_core::Backoff;
/// # use std::time::Duration;
/// // error: `min` is above `max` …
/// const BACKOFF: Backoff = Backoff::fixed(Duration::from_secs(1))
///     .min(Duration::from_secs(3))
///     .max(Duration::from_secs(2));
/// # let _ = BACKOFF;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    pub(crate) kind: Kind,
    // What was asked for, not what follows from it: a default never collides with a modifier
    // that comes later, and only what was asked for is written to configuration files.
    pub(crate) factor: Option<f64>,
    pub(crate) min: Option<Duration>,
    pub(crate) max: Option<Duration>,
    pub(crate) jitter: Option<Jitter>,
}

/// The formula, with its own argument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    None,
    Fixed(Duration),
    Linear(Duration),
    Exponential(Duration),
    Fibonacci(Duration),
    Decorrelated(Duration),
    Schedule(&'static [Duration]),
    Custom(Function),
}

/// A user's own formula.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function(fn(&BackoffContext) -> Duration);

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        // The derived comparison warns that addresses are no identity; `Backoff` documents that.
        std::ptr::fn_addr_eq(self.0, other.0)
    }
}

/// Backoffs are equal when they give the same delays by the same formula; a default that is
/// spelled out makes no difference. Custom ones are compared by the address of their function, which
/// the compiler may give to two functions with the same body, or twice to the same one.
///
/// ```
/// use retry_core::Backoff;
/// use std::time::Duration;
///
/// let base = Duration::from_secs(1);
/// assert_eq!(Backoff::exponential(base), Backoff::exponential(base).factor(2.0));
/// ```
impl PartialEq for Backoff {
    fn eq(&self, other: &Self) -> bool {
        let effective = |backoff: &Self| {
            let factor = backoff.effective_factor().to_bits();
            (factor, backoff.floor(), backoff.cap())
        };
        self.kind == other.kind
            && self.effective_jitter() == other.effective_jitter()
            && effective(self) == effective(other)
    }
}

impl Backoff {
    /// No delay: the next attempt follows at once. Takes no modifier.
    ///
    /// ```
    /// # use retry_core::Backoff;
    /// # use std::time::Duration;
    /// assert_eq!(Backoff::none().bounds(7), (Duration::ZERO, Duration::ZERO));
    /// ```
    #[must_use]
    pub const fn none() -> Self {
        Self::of(Kind::None)
    }

    /// The same delay each time, without jitter unless told otherwise.
    ///
    /// ```
    /// # use retry_core::Backoff;
    /// # use std::time::Duration;
    /// let second = Duration::from_secs(1);
    /// assert_eq!(Backoff::fixed(second).bounds(7), (second, second));
    /// ```
    #[must_use]
    pub const fn fixed(delay: Duration) -> Self {
        Self::of(Kind::Fixed(delay))
    }

    /// `step`·n, up to 30 s and with full jitter unless told otherwise.
    ///
    /// ```
    /// # use retry_core::{Backoff, Jitter};
    /// # use std::time::Duration;
    /// let backoff = Backoff::linear(Duration::from_secs(2)).jitter(Jitter::None);
    /// assert_eq!(backoff.bounds(3).0, Duration::from_secs(6));
    /// ```
    #[must_use]
    pub const fn linear(step: Duration) -> Self {
        Self::of(Kind::Linear(step))
    }

    /// `base`·factor^(n−1), doubling up to 30 s with full jitter unless told otherwise.
    ///
    /// ```
    /// # use retry_core::{Backoff, Jitter};
    /// # use std::time::Duration;
    /// let backoff = Backoff::exponential(Duration::from_secs(1)).jitter(Jitter::None);
    /// assert_eq!(backoff.bounds(4).0, Duration::from_secs(8));
    /// ```
    #[must_use]
    pub const fn exponential(base: Duration) -> Self {
        Self::of(Kind::Exponential(base))
    }

    /// `unit`·fib(n) with fib = 1, 1, 2, 3, 5 …, up to 30 s and with full jitter unless told
    /// otherwise.
    ///
    /// ```
    /// # use retry_core::{Backoff, Jitter};
    /// # use std::time::Duration;
    /// let backoff = Backoff::fibonacci(Duration::from_secs(1)).jitter(Jitter::None);
    /// assert_eq!(backoff.bounds(5).0, Duration::from_secs(5));
    /// ```
    #[must_use]
    pub const fn fibonacci(unit: Duration) -> Self {
        Self::of(Kind::Fibonacci(unit))
    }

    /// Uniform in [`base`, min(max, 3·previous)], where the first previous delay is `base`; up to
    /// 30 s unless told otherwise. Random by its nature, so it takes no jitter.
    ///
    /// The "decorrelated jitter" of "Exponential Backoff And Jitter" (AWS Architecture Blog,
    /// 2015): it grows like an exponential backoff, but two callers soon lose step.
    ///
    /// ```
    /// # use retry_core::Backoff;
    /// # use std::time::Duration;
    /// let backoff = Backoff::decorrelated(Duration::from_secs(1));
    /// assert_eq!(backoff.bounds(2), (Duration::from_secs(1), Duration::from_secs(9)));
    /// ```
    #[must_use]
    pub const fn decorrelated(base: Duration) -> Self {
        Self::of(Kind::Decorrelated(base))
    }

    /// [`exponential`](Self::exponential) with factor 1.5 and equal jitter: gentle growth with
    /// some wait for certain, for callers in line for a lock or a lease.
    ///
    /// ```
    /// # use retry_core::Backoff;
    /// # use std::time::Duration;
    /// let backoff = Backoff::token(Duration::from_millis(400));
    /// assert_eq!(backoff.bounds(2), (Duration::from_millis(300), Duration::from_millis(600)));
    /// ```
    #[must_use]
    pub const fn token(base: Duration) -> Self {
        Self::of(Kind::Exponential(base))
            .factor(TOKEN_FACTOR)
            .jitter(Jitter::Equal)
    }

    /// The n-th of these delays, the last one repeated; without jitter unless told otherwise.
    ///
    /// Outside of a `const` item the list needs a `const` block of its own to live long enough:
    /// `Backoff::schedule(const { &[Duration::from_secs(1)] })`.
    ///
    /// # Panics
    ///
    /// If there is no delay in it.
    ///
    /// ```
    /// # use retry_core::Backoff;
    /// # use std::time::Duration;
    /// const STEPS: Backoff = Backoff::schedule(&[Duration::from_secs(1), Duration::from_secs(5)]);
    /// assert_eq!(STEPS.bounds(1).0, Duration::from_secs(1));
    /// assert_eq!(STEPS.bounds(9).0, Duration::from_secs(5));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn schedule(delays: &'static [Duration]) -> Self {
        Self::of(Kind::Schedule(delays)).valid()
    }

    /// What the function says; without jitter and without a `max` unless told otherwise.
    ///
    /// A function and not a closure, so that a policy stays plain data that a `const` can hold.
    /// It should be quick and must not panic.
    ///
    /// ```
    /// use retry_core::{Backoff, BackoffContext, ErrorClass};
    /// use std::time::Duration;
    ///
    /// fn by_class(context: &BackoffContext) -> Duration {
    ///     match context.class {
    ///         ErrorClass::Concurrency => Duration::from_millis(5),
    ///         _ => Duration::from_secs(1),
    ///     }
    /// }
    ///
    /// let context = BackoffContext::new(1).with_class(ErrorClass::Concurrency);
    /// assert_eq!(Backoff::custom(by_class).delay(&context, 0.0), Duration::from_millis(5));
    /// ```
    #[must_use]
    pub const fn custom(function: fn(&BackoffContext) -> Duration) -> Self {
        Self::of(Kind::Custom(Function(function)))
    }

    /// Sets by how much an exponential backoff grows from one delay to the next; 2 by default.
    ///
    /// # Panics
    ///
    /// If the factor is not finite or below 1, or the backoff is not exponential.
    ///
    /// ```
    /// # use retry_core::{Backoff, Jitter};
    /// # use std::time::Duration;
    /// let backoff = Backoff::exponential(Duration::from_secs(1)).factor(3.0).jitter(Jitter::None);
    /// assert_eq!(backoff.bounds(3).0, Duration::from_secs(9));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = Some(factor);
        self.valid()
    }

    /// Sets the shortest delay, jitter included; zero by default.
    ///
    /// Both ends of the jitter's window are raised to it.
    ///
    /// # Panics
    ///
    /// If it is above an explicit [`max`](Self::max), or the backoff is [`none`](Self::none).
    ///
    /// ```
    /// # use retry_core::Backoff;
    /// # use std::time::Duration;
    /// let backoff = Backoff::exponential(Duration::from_secs(1)).min(Duration::from_millis(200));
    /// assert_eq!(backoff.bounds(1), (Duration::from_millis(200), Duration::from_secs(1)));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn min(mut self, delay: Duration) -> Self {
        self.min = Some(delay);
        self.valid()
    }

    /// Sets the longest delay, jitter included; the [table](Self) has the defaults.
    ///
    /// # Panics
    ///
    /// If it is below an explicit [`min`](Self::min), below the base or any delay of a schedule,
    /// or the backoff is [`none`](Self::none).
    ///
    /// ```
    /// # use retry_core::Backoff;
    /// # use std::time::Duration;
    /// let backoff = Backoff::exponential(Duration::from_secs(1)).max(Duration::from_secs(10));
    /// assert_eq!(backoff.bounds(u32::MAX), (Duration::ZERO, Duration::from_secs(10)));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn max(mut self, delay: Duration) -> Self {
        self.max = Some(delay);
        self.valid()
    }

    /// Sets how the delay is spread; the [table](Self) has the defaults.
    ///
    /// # Panics
    ///
    /// If a [`Jitter::Spread`] is outside 0..=1, or the backoff is [`none`](Self::none) or
    /// [`decorrelated`](Self::decorrelated).
    ///
    /// ```
    /// # use retry_core::{Backoff, Jitter};
    /// # use std::time::Duration;
    /// let backoff = Backoff::exponential(Duration::from_secs(1)).jitter(Jitter::Equal);
    /// assert_eq!(backoff.bounds(1), (Duration::from_millis(500), Duration::from_secs(1)));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = Some(jitter);
        self.valid()
    }

    /// The delay for this failure.
    ///
    /// `random` is uniform in `[0, 1)` and picks the place in the window of the jitter; anything
    /// else, NaN too, is brought into that range. Never panics, unless a custom function does.
    ///
    /// ```
    /// use retry_core::{Backoff, BackoffContext};
    /// use std::time::Duration;
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(1));
    /// let delay = backoff.delay(&BackoffContext::new(1), 0.25);
    /// assert_eq!(delay, Duration::from_millis(250));
    /// ```
    #[must_use]
    pub fn delay(&self, context: &BackoffContext, random: f64) -> Duration {
        self.draw(context, &mut || random)
    }

    /// The same from a source of chance, which is asked only if something is left to it.
    pub(crate) fn draw(
        &self,
        context: &BackoffContext,
        random: &mut dyn FnMut() -> f64,
    ) -> Duration {
        let (low, high) = match self.kind {
            Kind::None => return Duration::ZERO,
            Kind::Custom(Function(function)) => self.window(function(context).as_nanos()),
            Kind::Decorrelated(base) => {
                let previous = context.previous.unwrap_or(base);
                self.decorrelated_window(base.as_nanos(), previous.as_nanos())
            }
            _ => self.window(self.formula(context.failures)),
        };
        if low == high {
            return to_duration(low);
        }
        to_duration(between((low, high), random()))
    }

    /// The least and the greatest delay that failure `n` can get; 0 counts as 1.
    ///
    /// For a custom backoff nothing is known but its `min` and `max`: zero and
    /// [`Duration::MAX`] where it has none.
    ///
    /// ```
    /// # use retry_core::{Backoff, Jitter};
    /// # use std::time::Duration;
    /// const BOUNDS: (Duration, Duration) = Backoff::exponential(Duration::from_secs(1))
    ///     .jitter(Jitter::Spread(0.5))
    ///     .bounds(2);
    /// assert_eq!(BOUNDS, (Duration::from_secs(1), Duration::from_secs(3)));
    /// ```
    #[must_use]
    pub const fn bounds(&self, n: u32) -> (Duration, Duration) {
        let (low, high) = match self.kind {
            Kind::Custom(_) => (self.floor(), self.cap()),
            Kind::Decorrelated(base) => {
                let base = base.as_nanos();
                self.decorrelated_window(base, self.highest_previous(base, n))
            }
            _ => self.window(self.formula(n)),
        };
        (to_duration(low), to_duration(high))
    }

    /// A delay that no failure from `n` on falls short of.
    ///
    /// All formulas but a schedule only ever grow, so there it is the least delay for `n` itself.
    pub(crate) const fn lowest_from(&self, n: u32) -> Duration {
        let Kind::Schedule(delays) = self.kind else {
            return self.bounds(n).0;
        };
        let mut lowest = self.formula(n);
        let mut index = n as usize;
        while index < delays.len() {
            lowest = least(lowest, delays[index].as_nanos());
            index += 1;
        }
        to_duration(self.window(lowest).0)
    }

    /// The longest delay that any failure can get.
    ///
    /// All formulas but a schedule only ever grow, so there it is that of the last failure there can be.
    pub(crate) const fn longest(&self) -> Duration {
        match self.kind {
            Kind::Schedule(_) => to_duration(self.window(self.longest_argument()).1),
            _ => self.bounds(u32::MAX).1,
        }
    }

    /// How many steps [`lowest_from`](Self::lowest_from) takes at most.
    pub(crate) const fn length(&self) -> usize {
        match self.kind {
            Kind::Schedule(delays) => delays.len(),
            _ => 1,
        }
    }

    /// Whether there is never a delay.
    pub(crate) const fn is_none(&self) -> bool {
        matches!(self.kind, Kind::None)
    }

    const fn of(kind: Kind) -> Self {
        Self {
            kind,
            factor: None,
            min: None,
            max: None,
            jitter: None,
        }
    }

    #[track_caller]
    const fn valid(self) -> Self {
        match self.problem() {
            None => self,
            Some(problem) => panic!("{}", problem.message()),
        }
    }

    /// Everything that makes a backoff invalid, in one place for the builder and for data.
    pub(crate) const fn problem(&self) -> Option<Problem> {
        if let Kind::None = self.kind {
            if self.min.is_some() {
                return Some(Problem::MinUnused);
            }
            if self.max.is_some() {
                return Some(Problem::MaxUnused);
            }
        }
        if let Kind::Schedule([]) = self.kind {
            return Some(Problem::EmptySchedule);
        }
        if let Some(factor) = self.factor {
            if !matches!(self.kind, Kind::Exponential(_)) {
                return Some(Problem::FactorUnused);
            }
            if !factor.is_finite() || factor < 1.0 {
                return Some(Problem::FactorTooSmall);
            }
        }
        if let Some(jitter) = self.jitter {
            if matches!(self.kind, Kind::None | Kind::Decorrelated(_)) {
                return Some(Problem::JitterUnused);
            }
            if let Jitter::Spread(spread) = jitter {
                // NaN is in no range.
                if !matches!(spread, 0.0..=1.0) {
                    return Some(Problem::SpreadOutOfRange);
                }
            }
        }
        if let Some(max) = self.max {
            if self.floor() > max.as_nanos() {
                return Some(Problem::MinAboveMax);
            }
            if self.longest_argument() > max.as_nanos() {
                return Some(Problem::DelayAboveMax);
            }
        }
        None
    }

    /// The longest delay that was written down as an argument of the kind.
    const fn longest_argument(&self) -> u128 {
        match self.kind {
            Kind::None | Kind::Custom(_) => 0,
            Kind::Fixed(delay)
            | Kind::Linear(delay)
            | Kind::Exponential(delay)
            | Kind::Fibonacci(delay)
            | Kind::Decorrelated(delay) => delay.as_nanos(),
            Kind::Schedule(delays) => {
                let mut longest = 0;
                let mut index = 0;
                while index < delays.len() {
                    longest = greatest(longest, delays[index].as_nanos());
                    index += 1;
                }
                longest
            }
        }
    }

    const fn effective_factor(&self) -> f64 {
        match self.factor {
            Some(factor) => factor,
            None => DEFAULT_FACTOR,
        }
    }

    pub(crate) const fn effective_jitter(&self) -> Jitter {
        match (self.jitter, self.kind) {
            (Some(jitter), _) => jitter,
            (None, Kind::Linear(_) | Kind::Exponential(_) | Kind::Fibonacci(_)) => Jitter::Full,
            (None, _) => Jitter::None,
        }
    }

    /// The shortest delay.
    const fn floor(&self) -> u128 {
        match self.min {
            Some(min) => min.as_nanos(),
            None => 0,
        }
    }

    /// The longest delay, jitter included, unless the floor is above it.
    const fn cap(&self) -> u128 {
        match (self.max, self.kind) {
            (Some(max), _) => max.as_nanos(),
            (None, Kind::None | Kind::Fixed(_) | Kind::Schedule(_) | Kind::Custom(_)) => LONGEST,
            (None, _) => greatest(DEFAULT_MAX.as_nanos(), self.longest_argument()),
        }
    }

    /// The delay before cap and jitter, for the kinds that depend on n alone.
    const fn formula(&self, n: u32) -> u128 {
        let n = if n == 0 { 1 } else { n };
        match self.kind {
            Kind::Fixed(delay) => delay.as_nanos(),
            Kind::Linear(step) => step.as_nanos().saturating_mul(n as u128),
            Kind::Exponential(base) => {
                scale(base.as_nanos(), power(self.effective_factor(), n - 1))
            }
            Kind::Fibonacci(unit) => unit.as_nanos().saturating_mul(fibonacci(n)),
            Kind::Schedule(delays) => {
                let index = n as usize - 1;
                let last = delays.len() - 1;
                delays[if index < last { index } else { last }].as_nanos()
            }
            Kind::None | Kind::Decorrelated(_) | Kind::Custom(_) => 0,
        }
    }

    /// From a delay to the window of its jitter, all of it between `min` and `max`.
    const fn window(&self, delay: u128) -> (u128, u128) {
        let (low, high) = match self.effective_jitter() {
            Jitter::None => {
                let delay = least(delay, self.cap());
                (delay, delay)
            }
            Jitter::Full => (0, least(delay, self.cap())),
            Jitter::Equal => {
                let delay = least(delay, self.cap());
                (delay / 2, delay)
            }
            Jitter::Spread(spread) => {
                // The cap a second time: a division of floats may round up.
                let highest = least(shrink(self.cap(), 1.0 + spread), self.cap());
                let delay = least(delay, highest);
                // Two products rather than one that is added and taken away: each grows with
                // the delay also where floats round.
                (
                    least(scale(delay, 1.0 - spread), delay),
                    least(delay.saturating_add(scale(delay, spread)), self.cap()),
                )
            }
        };
        (greatest(low, self.floor()), greatest(high, self.floor()))
    }

    const fn decorrelated_window(&self, base: u128, previous: u128) -> (u128, u128) {
        let low = greatest(base, self.floor());
        let high = least(previous.saturating_mul(3), self.cap());
        (low, greatest(low, high))
    }

    /// The longest delay that a decorrelated backoff can have given before failure n.
    const fn highest_previous(&self, base: u128, n: u32) -> u128 {
        if n <= 1 {
            return base;
        }
        // Each delay is at most three times the one before or `min`, whichever is longer, so the
        // longest row of delays triples from the base or, one step later, from `min`.
        let from_base = base.saturating_mul(3_u128.saturating_pow(n - 1));
        let from_min = self.floor().saturating_mul(3_u128.saturating_pow(n - 2));
        least(greatest(from_base, from_min), self.cap())
    }
}
