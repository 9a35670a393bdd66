//! Errors of each kind, and something that fails with them and counts.

use std::sync::atomic::{AtomicU32, Ordering};

use retry_core::testing::Recorder;
use retry_core::{Classification, Classify, ErrorClass, Stopped};

/// What can go wrong in these tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("busy")]
    Busy,
    #[error("too many")]
    TooMany,
    #[error("wrong")]
    Wrong,
    #[error("stopped")]
    Stopped,
}

impl Classify for Fault {
    fn classify(&self) -> Classification {
        match self {
            Self::Busy => ErrorClass::Transient,
            Self::TooMany => ErrorClass::RateLimit,
            Self::Wrong | Self::Stopped => ErrorClass::Permanent,
        }
        .into()
    }
}

impl From<Stopped> for Fault {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

/// Fails with one error, and counts how often.
#[derive(Debug)]
pub(crate) struct Faulty {
    fault: Fault,
    runs: AtomicU32,
    pub(crate) log: Recorder,
}

impl Faulty {
    pub(crate) const fn with(fault: Fault) -> Self {
        Self {
            fault,
            runs: AtomicU32::new(0),
            log: Recorder::new(),
        }
    }

    pub(crate) fn fail(&self) -> Fault {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.fault
    }

    /// How often it failed, and the waits in between in milliseconds; the count starts again.
    pub(crate) fn runs(&self) -> (u32, Vec<u128>) {
        let delays = self.log.delays();
        self.log.clear();
        (
            self.runs.swap(0, Ordering::Relaxed),
            delays.iter().map(std::time::Duration::as_millis).collect(),
        )
    }
}
