//! The worst that can become of a call: how long it takes, and how many attempts it has.

use std::fmt;
use std::time::Duration;

use crate::policy::Source;
use crate::readable::Readable;
use crate::schedule::{ROWS, totals};
use crate::{Backoff, ErrorClass, Policy, backoff};

/// How long a call can take at most, and how many attempts it can have.
///
/// A part of that time is bounded: all waits, every attempt that has a timeout, and whatever happens before the deadline. The other part
/// is attempts that nothing cuts; they take as long as they take, and come on top. What follows from a policy:
///
/// | deadline | attempt timeout | the worst case | prints as |
/// |---|---|---|---|
/// | 30 s | 2 s | the deadline, or all timeouts and waits if that is less | `30s` |
/// | 30 s | none | an attempt that starts just before the deadline, which does not cut it | `30s + last attempt` |
/// | none | 2 s | all timeouts and waits | `10s` |
/// | none | none | all waits, and the attempts on top | `4s + 3 attempts` |
/// | none | any | without a limit on attempts or on a wait | `unbounded` |
///
/// A wait is the longest that there can be: that of the backoff with its jitter, or of a server's hint, which is up to
/// [`retry_after_max`](Policy::retry_after_max) unless hints are [ignored](crate::RetryAfter::Ignore). Of the classes a failure can have, those
/// are assumed that make the call longest. With more than 100 attempts, each further wait counts as the longest of all.
///
/// Not counted is the time of what is not called an attempt or a wait: classifiers, observers, `fallback`. An async attempt is cut at its next
/// `.await`, so one that blocks its thread is not cut in time.
///
/// ```
/// use retry_core::{Backoff, Policy, RetryAfter};
/// use std::time::Duration;
///
/// let policy = Policy::new()
///     .attempts(3)
///     .backoff(Backoff::fixed(Duration::from_secs(2)))
///     .retry_after(RetryAfter::Ignore);
/// assert_eq!(policy.worst_case().to_string(), "4s + 3 attempts");
/// assert_eq!(policy.attempt_timeout(Duration::from_secs(2)).worst_case().to_string(), "10s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorstCase {
    /// How many attempts there can be; `None` without a limit. The deadline is left out of account.
    pub attempts: Option<u32>,
    /// The part that is bounded; `None` if nothing bounds the call.
    pub bounded: Option<Duration>,
    /// How many attempts, which nothing cuts, come on top of it.
    pub uncut_attempts: u32,
    /// Whether waits for a bulkhead come on top of it, of which nothing is known here. Never of a policy alone.
    pub unknown_queue: bool,
}

/// What a policy does not say.
pub(crate) struct Conditions {
    /// Whether an attempt timeout has an effect.
    pub(crate) cuts: bool,
    /// Whether a failure can come with a hint.
    pub(crate) hints: bool,
    /// How long each attempt may wait for a bulkhead, if that is known.
    pub(crate) queue: Option<Duration>,
}

impl Conditions {
    /// What is assumed where only the policy is known.
    pub(crate) const fn of_policy(cuts: bool) -> Self {
        Self {
            cuts,
            hints: true,
            queue: Some(Duration::ZERO),
        }
    }
}

impl WorstCase {
    /// How long the call takes at most, if that is known: no attempts come on top, and nothing is unbounded.
    ///
    /// ```
    /// # use retry_core::Policy;
    /// # use std::time::Duration;
    /// let second = Duration::from_secs(1);
    /// let policy = Policy::new().deadline(30 * second);
    /// assert_eq!(policy.worst_case().limit(), None);
    /// assert_eq!(policy.attempt_timeout(20 * second).worst_case().limit(), Some(30 * second));
    /// ```
    #[must_use]
    pub fn limit(&self) -> Option<Duration> {
        self.bounded
            .filter(|_| self.uncut_attempts == 0 && !self.unknown_queue)
    }

    pub(crate) fn of(policy: &Policy, conditions: &Conditions) -> Self {
        let hints = conditions.hints && policy.honors_retry_after();
        let retries = retries(policy, hints);
        let attempts = retries.map(|retries| retries.saturating_add(1));
        let timeout = policy.max_attempt_duration().filter(|_| conditions.cuts);
        let unknown_queue = conditions.queue.is_none();
        let queue = conditions.queue.unwrap_or_default();
        let of_attempt = timeout.unwrap_or_default().saturating_add(queue);
        let all = retries.and_then(|retries| {
            let attempts = of_attempt
                .as_nanos()
                .saturating_mul(u128::from(retries) + 1);
            let all = backoff::to_duration(attempts.saturating_add(waits(policy, hints, retries)));
            (all < Duration::MAX).then_some(all)
        });
        match (policy.max_elapsed(), timeout) {
            (Some(deadline), Some(_)) => Self {
                attempts,
                bounded: Some(all.map_or(deadline, |all| all.min(deadline))),
                uncut_attempts: 0,
                unknown_queue: false,
            },
            // Of the attempts that nothing cuts, only one can be running at the deadline.
            (Some(deadline), None) => Self {
                attempts,
                bounded: Some(match retries {
                    Some(0) if !unknown_queue => queue.min(deadline),
                    _ => deadline,
                }),
                uncut_attempts: 1,
                unknown_queue: false,
            },
            (None, _) => Self {
                attempts,
                bounded: all,
                uncut_attempts: attempts.filter(|_| timeout.is_none()).unwrap_or(0),
                unknown_queue,
            },
        }
    }
}

/// How many retries there can be; `None` without a limit.
fn retries(policy: &Policy, hints: bool) -> Option<u32> {
    let of_classes = ErrorClass::ALL
        .into_iter()
        .filter(|class| policy.is_retried(*class))
        .filter(|class| hints || policy.backoff_for(*class).is_some())
        .map(|class| policy.class_cap(class).map_or(u32::MAX, |cap| cap - 1))
        .fold(0_u32, u32::saturating_add);
    match policy.max_attempts() {
        Some(attempts) => Some(of_classes.min(attempts - 1)),
        None => (of_classes < u32::MAX).then_some(of_classes),
    }
}

/// The longest that so many waits can be together, in nanoseconds.
fn waits(policy: &Policy, hints: bool, retries: u32) -> u128 {
    let hint = Backoff::fixed(policy.longest_retry_after());
    let hint = hints.then_some(Source {
        backoff: &hint,
        delays: u32::MAX,
    });
    let sources: Vec<Source<'_>> = policy
        .sources()
        .into_iter()
        .chain([hint])
        .flatten()
        .collect();
    let exact = ROWS.min(retries as usize);
    let sums = totals(&sources, exact, |backoff, n| backoff.bounds(n).1, u128::max);
    let longest = sources
        .iter()
        .map(|source| source.backoff.longest().as_nanos())
        .max();
    let rest = u128::from(retries) - exact as u128;
    let first = sums.last().copied().unwrap_or_default();
    first.saturating_add(longest.unwrap_or_default().saturating_mul(rest))
}

impl fmt::Display for WorstCase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(bounded) = self.bounded else {
            return formatter.write_str("unbounded");
        };
        let mut parts = Vec::new();
        if !bounded.is_zero() || (self.uncut_attempts == 0 && !self.unknown_queue) {
            parts.push(Readable(bounded).to_string());
        }
        match self.uncut_attempts {
            0 => {}
            1 if parts.is_empty() => parts.push("1 attempt".to_owned()),
            1 => parts.push("last attempt".to_owned()),
            several => parts.push(format!("{several} attempts")),
        }
        if self.unknown_queue {
            parts.push("waits for the bulkhead".to_owned());
        }
        // `pad` keeps to the width that is asked for.
        formatter.pad(&parts.join(" + "))
    }
}
