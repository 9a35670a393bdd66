//! When a circuit opens, for how long, and what closes it: data with its defaults and its validation.

use std::time::Duration;

use crate::class::ErrorClass;
use crate::guard::GuardError;
use crate::policy::{DEFAULT_RETRY_AFTER_MAX, RetryAfter};

/// Each failure is remembered by itself; more than these would be better counted as a share.
const MOST_FAILURES: u32 = 65_536;

/// Without any way to trip, a circuit opens after so many failures in a row: more than bad luck, and few enough calls to waste.
const DEFAULT_CONSECUTIVE: u32 = 5;

/// Long enough for a crashed service to restart, short enough to notice soon that it has.
const DEFAULT_OPEN_FOR: Duration = Duration::from_secs(30);

/// However often a circuit reopens, somebody looks at the service again within ten minutes.
const DEFAULT_OPEN_FOR_MAX: Duration = Duration::from_secs(600);

/// Longer than a request that is going to be answered takes, so that only probes that were lost are given up.
const DEFAULT_PROBE_TIMEOUT: Duration = Duration::from_secs(60);

/// When a circuit opens, for how long, and what closes it.
///
/// The fields are those that the builder of [`CircuitBreaker`](super::CircuitBreaker) sets; its methods say what each means. With the feature
/// `serde` they can come from a configuration file, with durations as text; [`from_settings`](super::CircuitBreaker::from_settings) checks them.
///
/// ```
/// use retry_core::{CircuitBreaker, CircuitSettings};
///
/// let mut settings = CircuitSettings::DEFAULT;
/// settings.consecutive = Some(3);
/// let breaker = CircuitBreaker::from_settings("payments", settings)?;
/// assert_eq!(breaker.settings().consecutive, Some(3));
///
/// settings.consecutive = Some(0);
/// let error = CircuitBreaker::from_settings("payments", settings).unwrap_err();
/// assert_eq!(error.field(), "consecutive");
/// # Ok::<(), retry_core::GuardError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct CircuitSettings {
    /// Failures within a rolling window.
    pub failures: Option<FailureLimit>,
    /// Failures in a row. Where no way to trip is set, it is 5.
    pub consecutive: Option<u32>,
    /// The share of calls that fail.
    pub failure_rate: Option<RateLimit>,
    /// The share of calls that are slow.
    pub slow_rate: Option<SlowLimit>,
    /// Classes whose failures are counted apart.
    pub class_failures: ClassLimits,
    /// The classes that count as failures, besides those of `class_failures`.
    pub trip_on: ClassSet,
    /// How long the circuit stays open at first.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
    pub open_for: Duration,
    /// What that time is multiplied by with each reopening.
    pub growth: f64,
    /// What it grows to at most; if it is shorter than `open_for`, the circuit does not grow more patient.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
    pub open_for_max: Duration,
    /// Whether a server's hint can keep the circuit open longer.
    #[cfg_attr(feature = "serde", serde(with = "honor"))]
    pub retry_after: RetryAfter,
    /// The longest hint that is followed in full.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
    pub retry_after_max: Duration,
    /// How many probes a half-open circuit lets through at a time.
    pub probes: u32,
    /// How many of them have to succeed for the circuit to close.
    pub successes: u32,
    /// When a probe that has not ended is given up.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
    pub probe_timeout: Duration,
    /// Whether a call votes once, at its end, and not with each attempt.
    pub per_call: bool,
}

/// So many failures within a rolling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct FailureLimit {
    /// How many failures open the circuit.
    pub count: u32,
    /// How long a failure counts.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
    pub window: Duration,
}

/// Such a share of the calls within a rolling window.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct RateLimit {
    /// The share that opens the circuit, above 0 and at most 1.
    pub rate: f64,
    /// How many calls there have to be before the share says anything.
    pub minimum_calls: u32,
    /// How long a call counts.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
    pub window: Duration,
}

/// Such a share of slow calls.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct SlowLimit {
    /// A call that takes as long as this is slow.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
    pub slower_than: Duration,
    /// The share that opens the circuit, above 0 and at most 1.
    pub rate: f64,
    /// How many calls there have to be before the share says anything.
    pub minimum_calls: u32,
    /// How long a call counts.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration_text"))]
    pub window: Duration,
}

/// A set of classes.
///
/// ```
/// use retry_core::{ClassSet, ErrorClass};
///
/// const CLASSES: ClassSet = ClassSet::of(&[ErrorClass::Transient, ErrorClass::RateLimit]);
/// assert!(CLASSES.contains(ErrorClass::RateLimit));
/// assert!(!CLASSES.contains(ErrorClass::Auth));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "Vec<ErrorClass>", into = "Vec<ErrorClass>")
)]
pub struct ClassSet(u8);

impl ClassSet {
    /// These classes.
    #[must_use]
    pub const fn of(classes: &[ErrorClass]) -> Self {
        let mut set = 0;
        let mut index = 0;
        while index < classes.len() {
            set |= 1 << classes[index].index();
            index += 1;
        }
        Self(set)
    }

    /// Whether a class is in it.
    #[must_use]
    pub const fn contains(self, class: ErrorClass) -> bool {
        self.0 & (1 << class.index()) != 0
    }

    const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl From<Vec<ErrorClass>> for ClassSet {
    fn from(classes: Vec<ErrorClass>) -> Self {
        Self::of(&classes)
    }
}

impl From<ClassSet> for Vec<ErrorClass> {
    fn from(set: ClassSet) -> Self {
        let classes = ErrorClass::ALL.into_iter();
        classes.filter(|class| set.contains(*class)).collect()
    }
}

/// A limit of its own for each class that has one.
///
/// ```
/// use retry_core::{ClassLimits, ErrorClass, FailureLimit};
/// use std::time::Duration;
///
/// let limit = FailureLimit { count: 20, window: Duration::from_secs(60) };
/// let limits = ClassLimits::NONE.with(ErrorClass::RateLimit, limit);
/// assert_eq!(limits.get(ErrorClass::RateLimit), Some(limit));
/// assert_eq!(limits.get(ErrorClass::Transient), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(
        from = "std::collections::BTreeMap<ErrorClass, FailureLimit>",
        into = "std::collections::BTreeMap<ErrorClass, FailureLimit>"
    )
)]
pub struct ClassLimits([Option<FailureLimit>; ErrorClass::ALL.len()]);

impl ClassLimits {
    /// No class has one.
    pub const NONE: Self = Self([None; ErrorClass::ALL.len()]);

    /// The same, and this class has one.
    #[must_use]
    pub const fn with(mut self, class: ErrorClass, limit: FailureLimit) -> Self {
        self.0[class.index()] = Some(limit);
        self
    }

    /// The limit of a class.
    #[must_use]
    pub const fn get(&self, class: ErrorClass) -> Option<FailureLimit> {
        self.0[class.index()]
    }

    const fn is_empty(&self) -> bool {
        let mut index = 0;
        while index < self.0.len() {
            if self.0[index].is_some() {
                return false;
            }
            index += 1;
        }
        true
    }
}

#[cfg(feature = "serde")]
impl From<std::collections::BTreeMap<ErrorClass, FailureLimit>> for ClassLimits {
    fn from(limits: std::collections::BTreeMap<ErrorClass, FailureLimit>) -> Self {
        let limits = limits.into_iter();
        limits.fold(Self::NONE, |all, (class, limit)| all.with(class, limit))
    }
}

#[cfg(feature = "serde")]
impl From<ClassLimits> for std::collections::BTreeMap<ErrorClass, FailureLimit> {
    fn from(limits: ClassLimits) -> Self {
        let classes = ErrorClass::ALL.into_iter();
        classes
            .filter_map(|class| Some((class, limits.get(class)?)))
            .collect()
    }
}

impl CircuitSettings {
    /// Five failures in a row open the circuit for 30 seconds; one probe that succeeds closes it.
    pub const DEFAULT: Self = Self {
        failures: None,
        consecutive: None,
        failure_rate: None,
        slow_rate: None,
        class_failures: ClassLimits::NONE,
        trip_on: ClassSet::of(&[ErrorClass::Transient, ErrorClass::ServerError]),
        open_for: DEFAULT_OPEN_FOR,
        growth: 1.0,
        open_for_max: DEFAULT_OPEN_FOR_MAX,
        retry_after: RetryAfter::Honor,
        retry_after_max: DEFAULT_RETRY_AFTER_MAX,
        probes: 1,
        successes: 1,
        probe_timeout: DEFAULT_PROBE_TIMEOUT,
        per_call: false,
    };

    /// How many failures in a row open the circuit, if any number does.
    pub(super) const fn longest_streak(&self) -> Option<u32> {
        let otherwise = self.failures.is_some()
            || self.failure_rate.is_some()
            || self.slow_rate.is_some()
            || !self.class_failures.is_empty();
        match self.consecutive {
            None if !otherwise => Some(DEFAULT_CONSECUTIVE),
            own => own,
        }
    }

    /// Whether failures of the class are counted, in one way or another.
    pub(super) const fn counts(&self, class: ErrorClass) -> bool {
        self.trip_on.contains(class) || self.class_failures.get(class).is_some()
    }

    /// Whether successes have to be counted, too.
    #[inline]
    pub(super) const fn counts_calls(&self) -> bool {
        self.failure_rate.is_some() || self.slow_rate.is_some()
    }

    /// How long the circuit stays open when it opens for the n-th time without having closed, from 0, after a failure with this hint.
    pub(super) fn opening(&self, reopenings: u32, hint: Option<Duration>) -> Duration {
        let grown = if reopenings == 0 || self.growth <= 1.0 {
            self.open_for
        } else {
            let factor = self
                .growth
                .powi(i32::try_from(reopenings).unwrap_or(i32::MAX));
            let grown = Duration::try_from_secs_f64(self.open_for.as_secs_f64() * factor);
            grown
                .unwrap_or(Duration::MAX)
                .min(self.open_for_max.max(self.open_for))
        };
        match (self.retry_after, hint) {
            (RetryAfter::Honor, Some(hint)) => grown.max(hint.min(self.retry_after_max)),
            _ => grown,
        }
    }

    /// What is wrong with them.
    pub(super) const fn problem(&self) -> Option<GuardError> {
        if let Some(limit) = self.failures {
            if let Some(reason) = limit.problem() {
                return Some(GuardError::new("failures", reason));
            }
        }
        if let Some(0) = self.consecutive {
            return Some(GuardError::new(
                "consecutive",
                "A circuit cannot open after 0 failures in a row: write at least 1.",
            ));
        }
        if let Some(RateLimit {
            rate,
            minimum_calls,
            window,
        }) = self.failure_rate
        {
            if let Some(reason) = share_problem(rate, minimum_calls, window) {
                return Some(GuardError::new("failure_rate", reason));
            }
        }
        if let Some(SlowLimit {
            slower_than,
            rate,
            minimum_calls,
            window,
        }) = self.slow_rate
        {
            if slower_than.is_zero() {
                return Some(GuardError::new(
                    "slow_rate",
                    "If no time at all is slow, every call is: write a longer time.",
                ));
            }
            if let Some(reason) = share_problem(rate, minimum_calls, window) {
                return Some(GuardError::new("slow_rate", reason));
            }
        }
        let mut index = 0;
        while index < ErrorClass::ALL.len() {
            if let Some(limit) = self.class_failures.0[index] {
                if let Some(reason) = limit.problem() {
                    return Some(GuardError::new("class_failures", reason));
                }
            }
            index += 1;
        }
        if self.trip_on.is_empty() && self.class_failures.is_empty() {
            return Some(GuardError::new(
                "trip_on",
                "A circuit that no class of failure can open guards nothing: name at least one class.",
            ));
        }
        self.time_problem()
    }

    const fn time_problem(&self) -> Option<GuardError> {
        if self.open_for.is_zero() {
            return Some(GuardError::new(
                "open_for",
                "A circuit that is open for no time is never open: write a longer time.",
            ));
        }
        if !self.growth.is_finite() || self.growth < 1.0 {
            return Some(GuardError::new(
                "growth",
                "The time that a circuit is open must not shrink with each reopening: write a finite factor of at least 1.",
            ));
        }
        if self.retry_after_max.is_zero() {
            return Some(GuardError::new(
                "retry_after_max",
                "A hint that is cut to zero is no hint: ignore it with `RetryAfter::Ignore`.",
            ));
        }
        if self.probes == 0 {
            return Some(GuardError::new(
                "probes",
                "Without probes an open circuit would never close: write at least 1.",
            ));
        }
        if self.successes == 0 {
            return Some(GuardError::new(
                "successes",
                "A circuit closes when a probe has succeeded: write at least 1.",
            ));
        }
        if self.probe_timeout.is_zero() {
            return Some(GuardError::new(
                "probe_timeout",
                "A probe that is given up at once cannot close the circuit: write a longer time.",
            ));
        }
        None
    }
}

impl Default for CircuitSettings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl FailureLimit {
    const fn problem(self) -> Option<&'static str> {
        if self.count == 0 {
            Some("A circuit cannot open after 0 failures: write at least 1.")
        } else if self.count > MOST_FAILURES {
            Some(
                "So many failures are too many to remember one by one: write at most 65536, or use `failure_rate`.",
            )
        } else if self.window.is_zero() {
            Some("No failure counts within a window of zero: write a longer one.")
        } else {
            None
        }
    }
}

const fn share_problem(rate: f64, minimum_calls: u32, window: Duration) -> Option<&'static str> {
    // Also a rate that is not a number.
    if !(rate > 0.0 && rate <= 1.0) {
        Some("A rate lies above 0 and is at most 1: write for example 0.5 for half of the calls.")
    } else if minimum_calls == 0 {
        Some("A share of 0 calls says nothing: write a minimum of at least 1.")
    } else if window.is_zero() {
        Some("No call counts within a window of zero: write a longer one.")
    } else {
        None
    }
}

/// A [`RetryAfter`] as in the configuration of a policy.
#[cfg(feature = "serde")]
mod honor {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::policy::RetryAfter;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]
    pub(super) fn serialize<S: Serializer>(
        retry_after: &RetryAfter,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match retry_after {
            RetryAfter::Honor => "honor",
            RetryAfter::Ignore => "ignore",
        })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<RetryAfter, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "honor" => Ok(RetryAfter::Honor),
            "ignore" => Ok(RetryAfter::Ignore),
            word => Err(de::Error::custom(format!(
                "\"{word}\" is not known: write \"honor\" or \"ignore\"."
            ))),
        }
    }
}
