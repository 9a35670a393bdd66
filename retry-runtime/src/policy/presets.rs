//! Policies for common situations. None has a class cap, a deadline or an attempt timeout, so
//! that any of their settings can be overridden without contradicting another.

use std::time::Duration;

use super::{ClassRule, Policy};
use crate::{Backoff, ErrorClass, Jitter};

impl Policy {
    /// [`Policy::new`]: three attempts, exponential backoff from 100 ms with full jitter.
    ///
    /// For calls of which nothing special is known.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// assert_eq!(Policy::DEFAULT, Policy::new());
    /// ```
    pub const DEFAULT: Self = Self::new().checked();

    /// Eight attempts, exponential backoff from 50 ms up to 2 s with full jitter.
    ///
    /// For cheap, idempotent calls inside one network, where somebody waits for the answer: most
    /// failures there are over in milliseconds, so it asks again soon and often, and the low
    /// `max` keeps the whole call under 10 s. Not for a service that struggles: it would be asked
    /// up to eight times as often.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// assert_eq!(Policy::AGGRESSIVE.max_attempts(), Some(8));
    /// ```
    pub const AGGRESSIVE: Self = Self::new()
        .attempts(8)
        .backoff(Backoff::exponential(Duration::from_millis(50)).max(Duration::from_secs(2)))
        .checked();

    /// Two attempts, with a wait of 0.5 s to 1 s between them.
    ///
    /// For calls that are expensive or whose other side is easily overrun: one retry meets the
    /// single lost packet and the rolling restart, load at most doubles, and the part of the wait
    /// that is certain keeps the retry from falling into the same moment.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// assert_eq!(Policy::CONSERVATIVE.max_attempts(), Some(2));
    /// ```
    pub const CONSERVATIVE: Self = Self::new()
        .attempts(2)
        .backoff(Backoff::exponential(Duration::from_secs(1)).jitter(Jitter::Equal))
        .checked();

    /// Six attempts; a rate limit without a hint waits 1 s to 2 s, then up to a minute, anything
    /// else as by default; hints are followed up to 5 minutes.
    ///
    /// For public APIs with quotas: these are counted by the second or the minute, so a wait that
    /// jitter could cut to nothing would only burn an attempt, and a hint names the moment at which
    /// the quota is refilled.
    ///
    /// ```
    /// # use retry_core::{ErrorClass, Policy};
    /// # use std::time::Duration;
    /// let backoff = Policy::RATE_LIMITED.backoff_for(ErrorClass::RateLimit).unwrap();
    /// assert_eq!(backoff.bounds(1), (Duration::from_secs(1), Duration::from_secs(2)));
    /// ```
    pub const RATE_LIMITED: Self = Self::new()
        .attempts(6)
        .class(
            ErrorClass::RateLimit,
            ClassRule::new().backoff(
                Backoff::exponential(Duration::from_secs(2))
                    .max(Duration::from_secs(60))
                    .jitter(Jitter::Equal),
            ),
        )
        .retry_after_max(Duration::from_secs(300))
        .checked();

    /// One attempt: what is called is watched, classified and reported, but never retried.
    ///
    /// For operations that must not run twice, and to switch retries off in one place.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// assert_eq!(Policy::NEVER.max_attempts(), Some(1));
    /// ```
    pub const NEVER: Self = Self::new().attempts(1).checked();
}
