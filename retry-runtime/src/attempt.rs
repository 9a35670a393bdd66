//! What an attempt may know about its call: [`Attempt`].

use std::fmt;
use std::time::{Duration, Instant};

use crate::class::ErrorClass;
use crate::policy::Policy;
use crate::switches;
use crate::time::TimeSource;

/// The running attempt, for a function that wants to know: a parameter marked `#[attempt]` under [`#[retry]`](https://docs.rs/retry-core/latest/retry_core/attr.retry.html).
///
/// The loop supplies it, so that callers do not see the parameter. It is a copy of what was known when the attempt began;
/// [`elapsed`](Self::elapsed) and [`remaining`](Self::remaining) look at the clock when they are asked, the clock that the deadline is
/// measured on. A call whose function takes an attempt reads that clock at its beginning.
///
/// ```
/// use retry_core::{Attempt, retry};
/// use std::io;
///
/// #[retry(attempts = 3, backoff = none)]
/// fn fetch(#[attempt] attempt: Attempt, path: &str) -> io::Result<String> {
///     if attempt.is_last() {
///         return Ok(format!("{path} from the cache, after {} attempts", attempt.number()));
///     }
///     Err(io::ErrorKind::TimedOut.into())
/// }
///
/// assert_eq!(fetch("/users").unwrap(), "/users from the cache, after 3 attempts");
/// ```
#[derive(Clone, Copy)]
pub struct Attempt {
    pub(crate) number: u32,
    pub(crate) last_class: Option<ErrorClass>,
    pub(crate) policy: &'static Policy,
    /// When the call began.
    pub(crate) started: Instant,
    /// Which clock that was read on.
    pub(crate) asynchronous: bool,
}

impl Attempt {
    /// Which attempt this is, from 1.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }

    /// How long ago the call began: earlier attempts, the waits between them, and this attempt so far.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        let time = if self.asynchronous {
            TimeSource::asynchronous()
        } else {
            TimeSource::System
        };
        time.now().saturating_duration_since(self.started)
    }

    /// What is left until the deadline of the call; zero when it has passed, `None` if there is no deadline.
    ///
    /// For a client that takes a timeout of its own. The attempt timeout is not considered.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        self.policy
            .max_elapsed()
            .map(|deadline| deadline.saturating_sub(self.elapsed()))
    }

    /// How the attempt before this one failed; `None` in the first.
    #[must_use]
    pub const fn last_class(self) -> Option<ErrorClass> {
        self.last_class
    }

    /// Whether the number of attempts allows no other after this one; always false if they are unlimited.
    ///
    /// An attempt of which this is false may still be the last: because of its class, the deadline, or an abort, none of which is known
    /// before it has failed.
    #[must_use]
    pub fn is_last(self) -> bool {
        switches::is_set(switches::RUN_ONCE)
            || self
                .policy
                .max_attempts()
                .is_some_and(|attempts| self.number >= attempts)
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Attempt")
            .field("number", &self.number)
            .field("elapsed", &self.elapsed())
            .field("remaining", &self.remaining())
            .field("last_class", &self.last_class)
            .field("is_last", &self.is_last())
            .finish_non_exhaustive()
    }
}
