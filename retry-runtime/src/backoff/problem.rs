//! What can be wrong with a backoff, as data: the builder panics with it, the loader reports it.

/// Why a backoff is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    EmptySchedule,
    FactorUnused,
    FactorTooSmall,
    JitterUnused,
    SpreadOutOfRange,
    MinUnused,
    MaxUnused,
    MinAboveMax,
    DelayAboveMax,
}

impl Problem {
    /// What is wrong and what to do, in a sentence.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::EmptySchedule => "a schedule of delays needs at least one delay.",
            Self::FactorUnused => {
                "only an exponential backoff has a factor: remove `factor`, or use `exponential`."
            }
            Self::FactorTooSmall => {
                "the factor of a backoff must be a finite number of at least 1: with less the delays would shrink."
            }
            Self::JitterUnused => {
                "this backoff has no use for jitter: `none` never waits, and `decorrelated` is random by its nature; remove `jitter`."
            }
            Self::SpreadOutOfRange => {
                "the spread of a jitter must lie between 0 and 1: 0.3 spreads a delay by 30 % to both sides."
            }
            Self::MinUnused => {
                "a backoff of `none` never waits, so it has no use for `min`: remove it, or use `fixed`."
            }
            Self::MaxUnused => {
                "a backoff of `none` never waits, so it has no use for `max`: remove it, or use `fixed`."
            }
            Self::MinAboveMax => {
                "`min` is above `max`, which leaves no delay to choose: lower `min` or raise `max`."
            }
            Self::DelayAboveMax => {
                "a delay of the backoff is above its `max`: lower the delay or raise `max`."
            }
        }
    }

    /// The modifier at fault, by the name it has in a configuration file; `None` for the kind's
    /// own argument.
    #[cfg(feature = "serde")]
    pub(crate) const fn modifier(self) -> Option<&'static str> {
        match self {
            Self::EmptySchedule | Self::DelayAboveMax => None,
            Self::FactorUnused | Self::FactorTooSmall => Some("factor"),
            Self::JitterUnused => Some("jitter"),
            Self::SpreadOutOfRange => Some("jitter.spread"),
            Self::MinUnused | Self::MinAboveMax => Some("min"),
            Self::MaxUnused => Some("max"),
        }
    }
}
