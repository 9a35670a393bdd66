//! What a policy amounts to: when each attempt can start.

use std::fmt;
use std::time::Duration;

use crate::policy::Source;
use crate::readable::Readable;
use crate::table::{Align, Table};
use crate::{Backoff, Policy, backoff};

/// Rows shown when nothing limits the number of attempts.
const ROWS_WHEN_UNLIMITED: usize = 10;

/// Rows shown when there are many; more is a loop, not a schedule.
pub(crate) const ROWS: usize = 100;

/// The earliest and the latest start of each attempt that a [`Policy`] allows.
///
/// Counted from the start of the call and by the backoffs alone: hints of a server are not
/// known beforehand. The earliest start is that of the mix of failures whose delays are the
/// shortest, with attempts that fail at once. The latest is that of the mix whose delays are the
/// longest; with an attempt timeout every attempt before takes all of it, without one attempts
/// still count as taking no time. Attempts that cannot start before the deadline are not listed.
///
/// Lists at most 100 attempts, 10 for an unlimited policy. Prints as a table:
///
/// ```
/// use retry_core::{Backoff, Policy};
/// use std::time::Duration;
///
/// let policy = Policy::new()
///     .backoff(Backoff::exponential(Duration::from_secs(1)))
///     .deadline(Duration::from_secs(30));
/// assert_eq!(
///     policy.schedule().to_string(),
///     "\
/// attempt  earliest  latest
///       1        0s      0s
///       2        0s      1s
///       3        0s      3s
/// without the time that attempts take
/// no attempt starts after the deadline of 30s
/// a server's Retry-After can replace each delay, by up to 2m
/// "
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    attempts: Vec<ScheduledAttempt>,
    truncated: bool,
    deadline: Option<Duration>,
    attempt_timeout: Option<Duration>,
    longest_hint: Option<Duration>,
}

/// One attempt of a [`Schedule`].
///
/// ```
/// use retry_core::{Backoff, Policy};
/// use std::time::Duration;
///
/// let policy = Policy::new().backoff(Backoff::fixed(Duration::from_secs(2)));
/// let last = policy.schedule().attempts()[2];
/// assert_eq!((last.number, last.earliest), (3, Duration::from_secs(4)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduledAttempt {
    /// Which attempt, from 1.
    pub number: u32,
    /// When it starts at the earliest, from the start of the call.
    pub earliest: Duration,
    /// When it starts at the latest, from the start of the call; never after the deadline.
    /// [`Duration::MAX`] when nothing bounds it.
    pub latest: Duration,
}

impl Schedule {
    /// The attempts that can start, in order.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// let numbers: Vec<_> = Policy::new().schedule().attempts().iter().map(|row| row.number).collect();
    /// assert_eq!(numbers, [1, 2, 3]);
    /// ```
    #[must_use]
    pub fn attempts(&self) -> &[ScheduledAttempt] {
        &self.attempts
    }

    /// Whether there are more attempts than are listed.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// let schedule = Policy::new().unlimited().schedule();
    /// assert!(schedule.is_truncated());
    /// assert_eq!(schedule.attempts().len(), 10);
    /// ```
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    pub(crate) fn of(policy: &Policy) -> Self {
        let sources: Vec<Source<'_>> = policy.sources().into_iter().flatten().collect();
        let retries = policy.possible_retries();
        let rows = retries.map_or(ROWS_WHEN_UNLIMITED, |_| ROWS);
        // One more than is listed, to know whether there is more.
        let retries = retries.map_or(rows, |retries| rows.min(retries as usize));
        let earliest = totals(
            &sources,
            retries,
            |backoff, n| backoff.bounds(n).0,
            u128::min,
        );
        let latest = totals(
            &sources,
            retries,
            |backoff, n| backoff.bounds(n).1,
            u128::max,
        );
        let deadline = policy.max_elapsed();
        let timeout = policy.max_attempt_duration();
        let mut attempts: Vec<_> = (1_u32..)
            .zip(earliest.into_iter().zip(latest))
            .map(|(number, (earliest, latest))| {
                let before = timeout.unwrap_or_default().as_nanos() * u128::from(number - 1);
                let latest = backoff::to_duration(latest.saturating_add(before));
                ScheduledAttempt {
                    number,
                    earliest: backoff::to_duration(earliest),
                    latest: deadline.map_or(latest, |deadline| deadline.min(latest)),
                }
            })
            .take_while(|row| deadline.is_none_or(|deadline| row.earliest < deadline))
            .collect();
        let truncated = attempts.len() > rows;
        attempts.truncate(rows);
        Self {
            attempts,
            truncated,
            deadline,
            attempt_timeout: timeout,
            longest_hint: (policy.honors_retry_after() && policy.max_attempts() != Some(1))
                .then_some(policy.longest_retry_after()),
        }
    }
}

/// For each number of delays up to `most`, the best sum over all ways to draw that many delays
/// from the sources, each of which gives its delays in order.
///
/// Source by source: the best sum of k delays is the best of j delays from this source and k−j
/// from those before, over all j.
pub(crate) fn totals(
    sources: &[Source<'_>],
    most: usize,
    delay: fn(&Backoff, u32) -> Duration,
    better: fn(u128, u128) -> u128,
) -> Vec<u128> {
    let mut best = vec![Some(0)];
    for source in sources {
        let delays = (1..=source.delays).take(most);
        let from_this: Vec<u128> = std::iter::once(0)
            .chain(delays.scan(0_u128, |sum, n| {
                *sum = sum.saturating_add(delay(source.backoff, n).as_nanos());
                Some(*sum)
            }))
            .collect();
        let before = best;
        best = (0..=most)
            .map(|count| {
                (0..=count)
                    .filter_map(|here| {
                        let there = before.get(count - here).copied().flatten()?;
                        Some(from_this.get(here)? + there)
                    })
                    .reduce(better)
            })
            .collect();
    }
    best.into_iter().flatten().collect()
}

impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new([
            ("attempt", Align::Right),
            ("earliest", Align::Right),
            ("latest", Align::Right),
        ]);
        for row in &self.attempts {
            table.push([
                row.number.to_string(),
                Readable(row.earliest).to_string(),
                Readable(row.latest).to_string(),
            ]);
        }
        if self.truncated {
            table.push(["…".to_owned(), String::new(), String::new()]);
        }
        table.fmt(formatter)?;
        match self.attempt_timeout {
            Some(timeout) => writeln!(
                formatter,
                "at the latest when every attempt takes its whole timeout of {}",
                Readable(timeout)
            )?,
            None => writeln!(formatter, "without the time that attempts take")?,
        }
        if let Some(deadline) = self.deadline {
            writeln!(
                formatter,
                "no attempt starts after the deadline of {}",
                Readable(deadline)
            )?;
        }
        if let Some(longest) = self.longest_hint {
            writeln!(
                formatter,
                "a server's Retry-After can replace each delay, by up to {}",
                Readable(longest)
            )?;
        }
        Ok(())
    }
}
