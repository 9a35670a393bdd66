//! The attempts of one call, recorded: [`Timeline`].

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::class::{Cause, ErrorClass};

/// The attempts of one call, oldest first, at most as many as [`Call::timeline`](crate::Call::timeline) allowed: the latest.
///
/// ```
/// use retry_core::{Backoff, Policy};
/// use std::io;
///
/// const POLICY: Policy = Policy::new().attempts(3).backoff(Backoff::none());
/// let call = POLICY.call("fetch_user").timeline(2);
/// let outcome = call.execute_blocking(|| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)));
///
/// let numbers: Vec<u32> = outcome.timeline().iter().map(|attempt| attempt.number).collect();
/// assert_eq!(numbers, [2, 3]);
/// assert_eq!(outcome.timeline().omitted(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    attempts: VecDeque<AttemptRecord>,
    omitted: u64,
}

/// One attempt of a [`Timeline`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptRecord {
    /// From 1.
    pub number: u32,
    /// When it began, counted from the beginning of the call.
    pub start: Duration,
    /// How long it took.
    pub duration: Duration,
    /// The class of its failure, `None` if it succeeded.
    pub class: Option<ErrorClass>,
    /// What failed, `None` if it succeeded.
    pub cause: Option<Cause>,
    /// The error's text, where it is known.
    pub error: Option<String>,
    /// The sleep that followed, `None` if no attempt followed.
    pub delay: Option<Duration>,
}

impl Timeline {
    pub(crate) fn record(&mut self, attempt: AttemptRecord, limit: usize) {
        self.attempts.push_back(attempt);
        if self.attempts.len() > limit {
            self.attempts.pop_front();
            self.omitted += 1;
        }
    }

    /// The call has ended: no attempt followed on the last one, even if a sleep had begun.
    pub(crate) fn end(&mut self) {
        if let Some(last) = self.attempts.back_mut() {
            last.delay = None;
        }
    }

    /// The recorded attempts, oldest first.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &AttemptRecord> + DoubleEndedIterator {
        self.attempts.iter()
    }

    /// How many attempts are recorded.
    #[must_use]
    pub fn len(&self) -> usize {
        self.attempts.len()
    }

    /// Whether no attempt is recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attempts.is_empty()
    }

    /// How many earlier attempts did not fit.
    #[must_use]
    pub const fn omitted(&self) -> u64 {
        self.omitted
    }
}

impl fmt::Display for AttemptRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "attempt {} at {:?} took {:?}: ",
            self.number, self.start, self.duration
        )?;
        match (self.class, self.cause) {
            (Some(class), Some(cause)) => write!(formatter, "{class} {cause}")?,
            _ => formatter.write_str("success")?,
        }
        if let Some(error) = &self.error {
            write!(formatter, " \"{error}\"")?;
        }
        match self.delay {
            Some(delay) => write!(formatter, ", then slept {delay:?}"),
            None => Ok(()),
        }
    }
}

/// One line an attempt.
impl fmt::Display for Timeline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.omitted > 0 {
            writeln!(formatter, "{} earlier attempts", self.omitted)?;
        }
        for attempt in &self.attempts {
            writeln!(formatter, "{attempt}")?;
        }
        Ok(())
    }
}
