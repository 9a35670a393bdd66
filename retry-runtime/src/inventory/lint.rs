//! The names of the lints: [`Lint`].

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// A lint over the sites. [`Lints`](super::Lints) checks them; the key `allow` of the attributes silences them.
///
/// ```
/// use retry_core::Lint;
///
/// assert_eq!(Lint::BreakerWithoutBudget.as_str(), "breaker_without_budget");
/// assert_eq!("breaker_without_budget".parse(), Ok(Lint::BreakerWithoutBudget));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Lint {
    /// A policy has neither a limit on attempts nor a deadline: nothing ends a call that keeps failing, unless somebody aborts it.
    UnlimitedWithoutDeadline,
    /// A call can take longer than [`Lints::worst_case`](super::Lints::worst_case) says it should. Only the part of the worst case that is
    /// bounded counts: how long an attempt takes that nothing cuts is not known here. Off, unless there is such a limit.
    LongWorstCase,
    /// An attempt can be cut by its timeout, and the caller gets an [`Outcome`](crate::Outcome) whose error type cannot be made from
    /// [`Stopped`](crate::Stopped): it then holds no error, and [`into_result`](crate::Outcome::into_result) does not compile. Everywhere else the
    /// compiler asks for that. Not seen where the error type depends on generics or has a lifetime.
    TimeoutWithoutConversion,
    /// The policy of a blocking function has an attempt timeout, which cuts nothing there.
    TimeoutWithoutEffect,
    /// An operation that is shared, because several sites have its name or it has a guard, waits without jitter, for the same delays or none:
    /// callers that failed together come back together.
    SharedWithoutJitter,
    /// Sites with the same operation have different policies, so that events and metrics of one name speak of several things.
    ConflictingPolicies,
    /// There is a circuit breaker and there are retries, but no budget: until the circuit opens, and when it closes again, every call adds its
    /// retries to the load.
    BreakerWithoutBudget,
}

impl Lint {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::UnlimitedWithoutDeadline,
        Self::LongWorstCase,
        Self::TimeoutWithoutConversion,
        Self::TimeoutWithoutEffect,
        Self::SharedWithoutJitter,
        Self::ConflictingPolicies,
        Self::BreakerWithoutBudget,
    ];

    /// The stable id, as in `allow(…)`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnlimitedWithoutDeadline => "unlimited_without_deadline",
            Self::LongWorstCase => "long_worst_case",
            Self::TimeoutWithoutConversion => "timeout_without_conversion",
            Self::TimeoutWithoutEffect => "timeout_without_effect",
            Self::SharedWithoutJitter => "shared_without_jitter",
            Self::ConflictingPolicies => "conflicting_policies",
            Self::BreakerWithoutBudget => "breaker_without_budget",
        }
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// There is no lint of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLint {
    written: String,
}

impl fmt::Display for UnknownLint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Lint::ALL.map(Lint::as_str).join("`, `");
        let Self { written } = self;
        write!(
            formatter,
            "there is no lint `{written}`; there are `{names}`"
        )
    }
}

impl Error for UnknownLint {}

impl FromStr for Lint {
    type Err = UnknownLint;

    fn from_str(written: &str) -> Result<Self, UnknownLint> {
        let mut lints = Self::ALL.into_iter();
        lints
            .find(|lint| lint.as_str() == written)
            .ok_or_else(|| UnknownLint {
                written: written.to_owned(),
            })
    }
}

/// As [`FromStr`], for [`Lints::allow`](super::Lints::allow).
impl TryFrom<&str> for Lint {
    type Error = UnknownLint;

    fn try_from(written: &str) -> Result<Self, UnknownLint> {
        written.parse()
    }
}
