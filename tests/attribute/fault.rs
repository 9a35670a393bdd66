//! An error that is worth retrying, one that is not, and a count of runs.

use std::sync::atomic::{AtomicU32, Ordering};

use retry_core::{Classification, Classify, ErrorClass};

/// What can go wrong in these tests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("flaky")]
    Flaky,
    #[error("fatal")]
    Fatal,
}

impl Classify for Fault {
    fn classify(&self) -> Classification {
        match self {
            Self::Flaky => ErrorClass::Transient.into(),
            Self::Fatal => ErrorClass::Permanent.into(),
        }
    }
}

/// How often something ran.
#[derive(Debug, Default)]
pub(crate) struct Runs(AtomicU32);

impl Runs {
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Counts a run, and fails with [`Fault::Flaky`] until there were `good` of them.
    pub(crate) fn flaky_until(&self, good: u32) -> Result<u32, Fault> {
        let run = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        if run < good {
            Err(Fault::Flaky)
        } else {
            Ok(run)
        }
    }

    pub(crate) fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}
