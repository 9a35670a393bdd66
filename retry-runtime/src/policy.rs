//! How often, how long, and which backoff per class: plain data and its validation.

mod check;
#[cfg(feature = "serde")]
mod data;
mod earliest;
mod presets;
mod rule;
mod sources;

use std::time::Duration;

pub use self::check::PolicyError;
use self::check::Problem;
pub use self::rule::ClassRule;
pub(crate) use self::sources::Source;
use crate::worst_case::Conditions;
use crate::{Backoff, ErrorClass, Jitter, Schedule, WorstCase};

/// Three attempts: one retry meets most short failures, a second one most of the rest, and
/// every further one mostly adds load to something that is down.
const DEFAULT_ATTEMPTS: u32 = 3;

/// Longer than a round trip, short enough to go unnoticed by whoever waits.
const DEFAULT_BASE: Duration = Duration::from_millis(100);

/// A failure that nobody can name gets one more chance, not as many as a known one.
const DEFAULT_UNKNOWN_CAP: u32 = 2;

/// A server that asks for more is better met by a later call than by a sleeping one.
pub(crate) const DEFAULT_RETRY_AFTER_MAX: Duration = Duration::from_secs(120);

/// Whether a server's `Retry-After` takes the place of the backoff's delay.
///
/// ```
/// use retry_core::{Policy, RetryAfter};
///
/// assert!(Policy::new().honors_retry_after());
/// assert!(!Policy::new().retry_after(RetryAfter::Ignore).honors_retry_after());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RetryAfter {
    /// The hint is the delay, up to [`Policy::retry_after_max`].
    Honor,
    /// The backoff decides as if there were no hint.
    Ignore,
}

/// How often, how long, and which backoff per class: plain data, built in a `const`.
///
/// | setting | default |
/// |---|---|
/// | [`attempts`](Self::attempts) | 3, the first one included |
/// | [`deadline`](Self::deadline) | none |
/// | [`attempt_timeout`](Self::attempt_timeout) | none |
/// | [`backoff`](Self::backoff) | exponential from 100 ms up to 30 s, with full jitter |
/// | [`class`](Self::class) rules | `Unknown` is capped at 2 attempts; `Auth`, `Permission` and `Permanent` are never retried |
/// | [`retry_after`](Self::retry_after) | honoured, up to [`retry_after_max`](Self::retry_after_max) of 2 minutes |
///
/// Each setter refuses a value that makes no sense by panicking with a full sentence, so that in
/// a `const` it is a compile error; [`checked`](Self::checked) adds what spans fields, and
/// [`validate`](Self::validate) reports the same as a [`PolicyError`]. Behaviour – classifier,
/// observer, abort signal – is attached where the policy is used. With the feature `serde` a
/// policy can also come from a configuration file: its `Deserialize` impl describes the format.
///
/// ```
/// use retry_core::{Backoff, ClassRule, ErrorClass, Policy};
/// use std::time::Duration;
///
/// const POLICY: Policy = Policy::new()
///     .attempts(5)
///     .deadline(Duration::from_secs(30))
///     .backoff(Backoff::exponential(Duration::from_millis(200)))
///     .class(ErrorClass::RateLimit, ClassRule::new().attempts(3).backoff(Backoff::fixed(Duration::from_secs(5))))
///     .class(ErrorClass::Unknown, ClassRule::never())
///     .checked();
///
/// assert_eq!(POLICY.max_attempts(), Some(5));
/// assert_eq!(POLICY.class_cap(ErrorClass::RateLimit), Some(3));
/// assert!(!POLICY.is_retried(ErrorClass::Unknown));
/// ```
///
/// ```compile_fail
/// # use retry_core::Policy;
/// // error: `attempts` must be at least 1 …
/// const POLICY: Policy = Policy::new().attempts(0);
/// # let _ = POLICY;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    attempts: Option<u32>,
    deadline: Option<Duration>,
    attempt_timeout: Option<Duration>,
    backoff: Option<Backoff>,
    rules: [ClassRule; ErrorClass::ALL.len()],
    retry_after: RetryAfter,
    retry_after_max: Duration,
}

/// [`Policy::new`].
impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

impl Policy {
    /// Three attempts, exponential backoff from 100 ms; the [table](Self) has all defaults.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// assert_eq!(Policy::new().max_attempts(), Some(3));
    /// assert_eq!(Policy::new(), Policy::default());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            attempts: Some(DEFAULT_ATTEMPTS),
            deadline: None,
            attempt_timeout: None,
            backoff: Some(Backoff::exponential(DEFAULT_BASE)),
            rules: [ClassRule::new(); ErrorClass::ALL.len()],
            retry_after: RetryAfter::Honor,
            retry_after_max: DEFAULT_RETRY_AFTER_MAX,
        }
    }

    /// Sets how many attempts a call has at most, the first one included; 3 by default.
    ///
    /// # Panics
    ///
    /// If it is 0.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// assert_eq!(Policy::new().attempts(5).max_attempts(), Some(5));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self.valid()
    }

    /// Lifts the limit on attempts; a deadline, the caps of classes or an abort still end a call.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// assert_eq!(Policy::new().unlimited().max_attempts(), None);
    /// ```
    #[must_use]
    pub const fn unlimited(mut self) -> Self {
        self.attempts = None;
        self
    }

    /// Sets how long a call may take, from its start; none by default.
    ///
    /// No attempt starts after it and no delay is slept that would not end before it. A running
    /// attempt is cut by it only when there is an [`attempt_timeout`](Self::attempt_timeout) too.
    ///
    /// # Panics
    ///
    /// If it is zero.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// # use std::time::Duration;
    /// let policy = Policy::new().deadline(Duration::from_secs(10));
    /// assert_eq!(policy.max_elapsed(), Some(Duration::from_secs(10)));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self.valid()
    }

    /// Sets after how long a running attempt is cut; none by default.
    ///
    /// An attempt that was cut is `Transient`. A blocking attempt cannot be cut, so there this
    /// has no effect.
    ///
    /// # Panics
    ///
    /// If it is zero.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// # use std::time::Duration;
    /// let policy = Policy::new().attempt_timeout(Duration::from_secs(2));
    /// assert_eq!(policy.max_attempt_duration(), Some(Duration::from_secs(2)));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self.valid()
    }

    /// Sets the backoff of every class that has none of its own.
    ///
    /// ```
    /// # use retry_core::{Backoff, ErrorClass, Policy};
    /// # use std::time::Duration;
    /// let fixed = Backoff::fixed(Duration::from_secs(1));
    /// let policy = Policy::new().backoff(fixed);
    /// assert_eq!(policy.backoff_for(ErrorClass::Transient), Some(&fixed));
    /// ```
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = Some(backoff);
        self
    }

    /// Takes the policy's own backoff away: a class without a rule that brings one is then
    /// retried only when the server names a delay, and stops with `NoStrategy` otherwise.
    ///
    /// ```
    /// # use retry_core::{Backoff, ClassRule, ErrorClass, Policy};
    /// let policy = Policy::new()
    ///     .no_backoff()
    ///     .class(ErrorClass::Concurrency, ClassRule::new().backoff(Backoff::none()));
    /// assert_eq!(policy.backoff_for(ErrorClass::Transient), None);
    /// assert_eq!(policy.backoff_for(ErrorClass::Concurrency), Some(&Backoff::none()));
    /// ```
    #[must_use]
    pub const fn no_backoff(mut self) -> Self {
        self.backoff = None;
        self
    }

    /// Sets the jitter of the policy's own backoff and leaves the rest of it alone.
    ///
    /// # Panics
    ///
    /// If the policy has no backoff of its own, or [`Backoff::jitter`] refuses the jitter.
    ///
    /// ```
    /// # use retry_core::{Backoff, ErrorClass, Jitter, Policy};
    /// # use std::time::Duration;
    /// let policy = Policy::new().jitter(Jitter::Equal);
    /// let backoff = Backoff::exponential(Duration::from_millis(100)).jitter(Jitter::Equal);
    /// assert_eq!(policy.backoff_for(ErrorClass::Transient), Some(&backoff));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        match self.backoff {
            Some(backoff) => self.backoff = Some(backoff.jitter(jitter)),
            None => panic!(
                "a policy without a backoff of its own has no use for jitter: set `backoff` first."
            ),
        }
        self
    }

    /// Adds a rule for one class; what it leaves open stays as an earlier rule for that class set
    /// it.
    ///
    /// A rule that brings only a backoff keeps the cap, also the one of 2 that `Unknown` has by
    /// itself, and the other way round. [`ClassRule::never`] takes the place of an earlier rule,
    /// and a later rule takes the place of `never`.
    ///
    /// # Panics
    ///
    /// If the class is never retried, whatever the policy: `Auth`, `Permission`, `Permanent`.
    ///
    /// ```
    /// # use retry_core::{Backoff, ClassRule, ErrorClass, Policy};
    /// # use std::time::Duration;
    /// let fixed = Backoff::fixed(Duration::from_secs(5));
    /// let policy = Policy::new()
    ///     .class(ErrorClass::RateLimit, ClassRule::new().attempts(2))
    ///     .class(ErrorClass::RateLimit, ClassRule::new().backoff(fixed));
    /// assert_eq!(policy.class_cap(ErrorClass::RateLimit), Some(2));
    /// assert_eq!(policy.backoff_for(ErrorClass::RateLimit), Some(&fixed));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn class(mut self, class: ErrorClass, rule: ClassRule) -> Self {
        assert!(
            class.is_retryable(),
            "{}",
            Problem::RuleForNeverRetried(class).message()
        );
        let index = class.index();
        self.rules[index] = self.rules[index].overridden_by(rule);
        self
    }

    /// Sets whether a server's hint takes the place of the backoff's delay; it does by default.
    ///
    /// ```
    /// # use retry_core::{Policy, RetryAfter};
    /// let policy = Policy::new().retry_after(RetryAfter::Ignore);
    /// assert!(!policy.honors_retry_after());
    /// ```
    #[must_use]
    pub const fn retry_after(mut self, retry_after: RetryAfter) -> Self {
        self.retry_after = retry_after;
        self
    }

    /// Sets the longest delay that a server's hint can ask for; 2 minutes by default. A longer
    /// hint is cut to it.
    ///
    /// # Panics
    ///
    /// If it is zero: that would turn every request to wait into a retry at once.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// # use std::time::Duration;
    /// let policy = Policy::new().retry_after_max(Duration::from_secs(30));
    /// assert_eq!(policy.longest_retry_after(), Duration::from_secs(30));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn retry_after_max(mut self, longest: Duration) -> Self {
        self.retry_after_max = longest;
        self.valid()
    }

    /// Checks what spans fields, and gives the policy back.
    ///
    /// The end of a builder chain in a `const`; the attribute always puts it there.
    ///
    /// # Panics
    ///
    /// If a class rule allows more attempts than the policy, the attempt timeout does not lie
    /// below the deadline, or the last attempt cannot start before the deadline even when every
    /// attempt fails at once and every delay is the shortest possible. Hints of a server are not
    /// counted there, as nobody can know them.
    ///
    /// ```compile_fail
    /// # use retry_core::{Backoff, Policy};
    /// # use std::time::Duration;
    /// // error: the last attempt cannot start before the deadline …
    /// const POLICY: Policy = Policy::new()
    ///     .backoff(Backoff::fixed(Duration::from_secs(5)))
    ///     .deadline(Duration::from_secs(10))
    ///     .checked();
    /// # let _ = POLICY;
    /// ```
    ///
    /// ```
    /// # use retry_core::{Backoff, Policy};
    /// # use std::time::Duration;
    /// const POLICY: Policy = Policy::new()
    ///     .backoff(Backoff::fixed(Duration::from_secs(5)))
    ///     .deadline(Duration::from_secs(11))
    ///     .checked();
    /// # let _ = POLICY;
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn checked(self) -> Self {
        match self.conflict() {
            None => self,
            Some(problem) => panic!("{}", problem.message()),
        }
    }

    /// Reports what [`checked`](Self::checked) would panic with; for policies that are put
    /// together at run time.
    ///
    /// # Errors
    ///
    /// The first problem found, with the path of its field and the reason.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// # use std::time::Duration;
    /// let error = Policy::new()
    ///     .deadline(Duration::from_secs(1))
    ///     .attempt_timeout(Duration::from_secs(2))
    ///     .validate()
    ///     .unwrap_err();
    /// assert_eq!(error.field(), "attempt_timeout");
    /// ```
    pub fn validate(&self) -> Result<(), PolicyError> {
        self.problem()
            .or_else(|| self.conflict())
            .map_or(Ok(()), |problem| Err(problem.into()))
    }

    /// What the policy amounts to: the earliest and the latest start of each attempt.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// let schedule = Policy::new().schedule();
    /// assert_eq!(schedule.attempts().len(), 3);
    /// println!("{schedule}");
    /// ```
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule::of(self)
    }

    /// How long an async call can take at most, and how many attempts it can have.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// # use std::time::Duration;
    /// let policy = Policy::new().deadline(Duration::from_secs(30));
    /// assert_eq!(policy.worst_case().to_string(), "30s + last attempt");
    /// ```
    #[must_use]
    pub fn worst_case(&self) -> WorstCase {
        WorstCase::of(self, &Conditions::of_policy(true))
    }

    /// The same of a blocking call, whose attempts no timeout cuts.
    ///
    /// ```
    /// # use retry_core::{Backoff, Policy, RetryAfter};
    /// # use std::time::Duration;
    /// let policy = Policy::new()
    ///     .attempt_timeout(Duration::from_secs(2))
    ///     .backoff(Backoff::none())
    ///     .retry_after(RetryAfter::Ignore);
    /// assert_eq!(policy.worst_case().to_string(), "6s");
    /// assert_eq!(policy.worst_case_blocking().to_string(), "3 attempts");
    /// ```
    #[must_use]
    pub fn worst_case_blocking(&self) -> WorstCase {
        WorstCase::of(self, &Conditions::of_policy(false))
    }

    /// How many attempts a call has at most; `None` when unlimited.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// assert_eq!(Policy::NEVER.max_attempts(), Some(1));
    /// ```
    #[must_use]
    pub const fn max_attempts(&self) -> Option<u32> {
        self.attempts
    }

    /// The deadline, counted from the start of the call.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// assert_eq!(Policy::new().max_elapsed(), None);
    /// ```
    #[must_use]
    pub const fn max_elapsed(&self) -> Option<Duration> {
        self.deadline
    }

    /// The attempt timeout.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// assert_eq!(Policy::new().max_attempt_duration(), None);
    /// ```
    #[must_use]
    pub const fn max_attempt_duration(&self) -> Option<Duration> {
        self.attempt_timeout
    }

    /// Whether a failure of this class can be retried: false by the class's nature or by
    /// [`ClassRule::never`].
    ///
    /// ```
    /// # use retry_core::{ErrorClass, Policy};
    /// assert!(Policy::new().is_retried(ErrorClass::Unknown));
    /// assert!(!Policy::new().is_retried(ErrorClass::Auth));
    /// ```
    #[must_use]
    pub const fn is_retried(&self, class: ErrorClass) -> bool {
        class.is_retryable() && !self.rules[class.index()].is_never()
    }

    /// How many attempts may end in this class, the last of which is not retried; `None` without
    /// a cap. `Unknown` has a cap of 2 unless a rule sets another.
    ///
    /// ```
    /// # use retry_core::{ErrorClass, Policy};
    /// assert_eq!(Policy::new().class_cap(ErrorClass::Transient), None);
    /// assert_eq!(Policy::new().class_cap(ErrorClass::Unknown), Some(2));
    /// ```
    #[must_use]
    pub const fn class_cap(&self, class: ErrorClass) -> Option<u32> {
        match (self.rules[class.index()].cap(), class) {
            (None, ErrorClass::Unknown) => Some(DEFAULT_UNKNOWN_CAP),
            (cap, _) => cap,
        }
    }

    /// The backoff that answers a failure of this class: its own, else the policy's; `None` when
    /// there is neither.
    ///
    /// ```
    /// # use retry_core::{ErrorClass, Policy};
    /// assert!(Policy::new().backoff_for(ErrorClass::Transient).is_some());
    /// assert!(Policy::new().no_backoff().backoff_for(ErrorClass::Transient).is_none());
    /// ```
    #[must_use]
    pub const fn backoff_for(&self, class: ErrorClass) -> Option<&Backoff> {
        match self.rules[class.index()].own_backoff() {
            Some(backoff) => Some(backoff),
            None => self.backoff.as_ref(),
        }
    }

    /// Whether retries can come without a delay; [which](Self::retries_at_once) depends on the class.
    pub(crate) const fn may_retry_at_once(&self) -> bool {
        match self.backoff {
            Some(backoff) => backoff.is_none(),
            None => false,
        }
    }

    /// Whether failures of this class are retried without a delay and however many of them there are.
    pub(crate) const fn retries_at_once(&self, class: ErrorClass) -> bool {
        self.may_retry_at_once()
            && self.is_retried(class)
            && self.class_cap(class).is_none()
            && self.rules[class.index()].own_backoff().is_none()
    }

    /// Which of the backoffs answers this class, for tables with one entry per backoff: 0 is the
    /// policy's own, 1 + index the class's.
    pub(crate) const fn backoff_slot(&self, class: ErrorClass) -> usize {
        match self.rules[class.index()].own_backoff() {
            Some(_) => 1 + class.index(),
            None => 0,
        }
    }

    /// Whether a server's hint takes the place of the backoff's delay.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// assert!(Policy::new().honors_retry_after());
    /// ```
    #[must_use]
    pub const fn honors_retry_after(&self) -> bool {
        matches!(self.retry_after, RetryAfter::Honor)
    }

    /// The longest delay that a server's hint can ask for.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// # use std::time::Duration;
    /// assert_eq!(Policy::new().longest_retry_after(), Duration::from_secs(120));
    /// ```
    #[must_use]
    pub const fn longest_retry_after(&self) -> Duration {
        self.retry_after_max
    }

    #[cfg(feature = "inventory")]
    pub(crate) const fn own_backoff(&self) -> Option<&Backoff> {
        self.backoff.as_ref()
    }

    #[cfg(feature = "inventory")]
    pub(crate) const fn rule(&self, class: ErrorClass) -> &ClassRule {
        &self.rules[class.index()]
    }

    #[track_caller]
    const fn valid(self) -> Self {
        match self.problem() {
            None => self,
            Some(problem) => panic!("{}", problem.message()),
        }
    }
}
