//! What a circuit looks like at a moment.

use std::fmt;
use std::time::Duration;

use super::CircuitBreaker;
use super::machine::{Counts, Phase};

/// What a circuit does with those who ask to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum CircuitState {
    /// It lets everybody pass.
    Closed,
    /// It lets nobody pass.
    Open,
    /// It lets probes pass.
    HalfOpen,
}

impl CircuitState {
    /// The stable name, in snake case.
    ///
    /// ```
    /// assert_eq!(retry_core::CircuitState::HalfOpen.as_str(), "half_open");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

impl fmt::Display for CircuitState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl From<Phase> for CircuitState {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Closed | Phase::ForcedClosed => Self::Closed,
            Phase::Open | Phase::ForcedOpen => Self::Open,
            Phase::HalfOpen => Self::HalfOpen,
        }
    }
}

/// What a circuit looks like at a moment, by the monotonic clock. `Display` gives a line for people.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CircuitSnapshot {
    /// The circuit's name.
    pub name: String,
    /// Closed, open or half-open.
    pub state: CircuitState,
    /// Somebody has put it in this state by hand.
    pub forced: bool,
    /// How long it has been so; `None` if it has been so from the beginning.
    pub since: Option<Duration>,
    /// How long until an open circuit lets a probe through.
    pub until_half_open: Option<Duration>,
    /// The failures that count towards [`failures`](CircuitBreaker::failures) and [`class_failures`](CircuitBreaker::class_failures) now.
    pub failures: usize,
    /// The failures in a row.
    pub consecutive: u32,
    /// The share of failures, if a [`failure_rate`](CircuitBreaker::failure_rate) is set and there have been enough calls.
    pub failure_rate: Option<f64>,
    /// The share of slow calls, if a [`slow_rate`](CircuitBreaker::slow_rate) is set and there have been enough calls.
    pub slow_rate: Option<f64>,
    /// The probes that are under way.
    pub probes: usize,
    /// The probes that have succeeded since the circuit became half-open.
    pub successes: u32,
    /// How often it has opened since it was last closed.
    pub openings: u32,
    /// How many transitions there have been.
    pub transitions: u64,
    /// How many calls and attempts it has turned away.
    pub rejected: u64,
}

impl CircuitSnapshot {
    pub(super) fn new(
        breaker: &CircuitBreaker,
        phase: Phase,
        counts: &Counts,
        consecutive: u32,
        rejected: u64,
    ) -> Self {
        Self {
            name: breaker.name().to_owned(),
            state: phase.into(),
            forced: matches!(phase, Phase::ForcedOpen | Phase::ForcedClosed),
            since: counts.since,
            until_half_open: counts.until_half_open,
            failures: counts.failures,
            consecutive,
            failure_rate: counts.failure_rate,
            slow_rate: counts.slow_rate,
            probes: counts.probes,
            successes: counts.successes,
            openings: counts.openings,
            transitions: counts.transitions,
            rejected,
        }
    }
}

impl fmt::Display for CircuitSnapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name, self.state)?;
        if self.forced {
            formatter.write_str(" (forced)")?;
        }
        if let Some(since) = self.since {
            write!(formatter, " for {since:?}")?;
        }
        if let Some(left) = self.until_half_open {
            write!(formatter, ", a probe in {left:?}")?;
        }
        write!(formatter, ", {} failures", self.failures)?;
        if self.consecutive > 0 {
            write!(formatter, " ({} in a row)", self.consecutive)?;
        }
        if let Some(rate) = self.failure_rate {
            write!(formatter, ", {:.0} % fail", rate * 100.0)?;
        }
        if let Some(rate) = self.slow_rate {
            write!(formatter, ", {:.0} % are slow", rate * 100.0)?;
        }
        if self.state == CircuitState::HalfOpen {
            write!(
                formatter,
                ", {} probes under way, {} succeeded",
                self.probes, self.successes
            )?;
        }
        write!(formatter, ", {} turned away", self.rejected)
    }
}
