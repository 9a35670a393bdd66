//! The numbers of the policy, alone and against each other.

use std::time::Duration;

use super::backoff::Delays;
use crate::errors::Errors;
use crate::model::{Backoff, Config, Keyed, RetryAfter, Rule, Time};

/// What `Policy::new` has.
const DEFAULT_ATTEMPTS: u32 = 3;

/// More steps than any schedule that somebody reads; a longer one is left to the const builder.
const STEPS: u32 = 100_000;

/// The number of attempts, where the attribute alone decides it.
fn known_attempts(config: &Config) -> Option<u32> {
    match &config.attempts {
        Some(attempts) => attempts.value.literal(),
        None if config.policy.is_some()
            || config.failed.contains(&"policy")
            || config.failed.contains(&"attempts") =>
        {
            None
        }
        None => Some(DEFAULT_ATTEMPTS),
    }
}

/// No attempt at all, and caps that can never be reached.
pub(super) fn counts(config: &Config, errors: &mut Errors) {
    let attempts = config.attempts.as_ref().map(|attempts| &attempts.value);
    if let Some(zero) = attempts.filter(|attempts| attempts.literal() == Some(0)) {
        errors.at(
            zero,
            "`attempts` counts the first run too, so it is at least 1; write `attempts = 1` for no retry",
        );
    }
    let most = known_attempts(config).filter(|most| *most > 0);
    for Keyed { key: class, value } in &config.rules {
        let Rule::Own(rule) = value else {
            continue;
        };
        let Some(cap) = &rule.attempts else {
            continue;
        };
        match (cap.value.literal(), most) {
            (Some(0), _) => errors.at(
                &cap.value,
                format!("`{class}` needs at least 1 attempt; write `{class} = never` for no retry"),
            ),
            // In a call of one attempt the whole rule has no effect, which is said of it.
            (Some(n), Some(most)) if n > most && most > 1 => errors.at(
                &cap.value,
                format!(
                    "`{class}` can never reach {n} attempts in a call of {most}; write at most {most}, or raise `attempts`"
                ),
            ),
            _ => {}
        }
    }
}

/// Zero durations, and an attempt timeout that the deadline makes pointless.
pub(super) fn times(config: &Config, errors: &mut Errors) {
    let zero = |key: &Option<Keyed<Time>>, why: &str, errors: &mut Errors| {
        let time = key.as_ref().map(|key| &key.value);
        if let Some(zero) = time.filter(|time| time.literal() == Some(Duration::ZERO)) {
            errors.at(zero, why);
        }
    };
    zero(
        &config.deadline,
        "a deadline of zero leaves no time for an attempt; write a longer one, or none at all",
        errors,
    );
    zero(
        &config.attempt_timeout,
        "an attempt timeout of zero cuts every attempt before it begins; write a longer one, or none at all",
        errors,
    );
    zero(
        &config.retry_after_max,
        "a hint that is cut to zero is no hint; write `retry_after = ignore`",
        errors,
    );
    let (Some(timeout), Some(deadline)) = (&config.attempt_timeout, &config.deadline) else {
        return;
    };
    let (Some(cut), Some(end)) = (timeout.value.literal(), deadline.value.literal()) else {
        return;
    };
    if !cut.is_zero() && !end.is_zero() && cut >= end {
        errors.at(
            &timeout.value,
            format!(
                "the attempt timeout must lie below the deadline of {}, or one attempt can use up the whole call; shorten it, or raise `deadline`",
                humantime::format_duration(end)
            ),
        );
    }
}

/// A limit on hints that are not followed.
pub(super) fn retry_after(config: &Config, errors: &mut Errors) {
    let (Some(max), Some(retry_after)) = (&config.retry_after_max, &config.retry_after) else {
        return;
    };
    if matches!(retry_after.value, RetryAfter::Ignore(_)) {
        errors.at(
            &max.key,
            "`retry_after_max` has no effect next to `retry_after = ignore`; remove one of the two",
        );
    }
}

/// Jitter that is given twice, or to a backoff that has no use for it.
pub(super) fn jitter(config: &Config, errors: &mut Errors) {
    let Some(jitter) = &config.jitter else {
        return;
    };
    super::backoff::spread(&jitter.value, errors);
    let Some(Keyed {
        value: Backoff::Known(backoff),
        ..
    }) = &config.backoff
    else {
        return;
    };
    let name = backoff.kind.word.name;
    if !backoff.kind.modifiers.contains(&"jitter") {
        let why = if name == "none" {
            "never waits"
        } else {
            "is random by its nature"
        };
        errors.at(
            &jitter.key,
            format!("`{name}` {why}, so it has no use for `jitter`; remove it"),
        );
    } else if backoff.jitter.is_some() {
        errors.at(
            &jitter.key,
            format!("the backoff `{name}` has a jitter of its own; remove one of the two"),
        );
    }
}

/// A last attempt that can never start, computed where everything is literal; the const builder checks the other cases.
pub(super) fn last_attempt(config: &Config, errors: &mut Errors) {
    // A class with a backoff of its own may come back sooner; a cap or `never` makes nothing sooner.
    let own_backoff = config.rules.iter().any(|rule| match &rule.value {
        Rule::Never(_) => false,
        Rule::Own(rule) => rule.backoff.is_some(),
    });
    if own_backoff || config.policy.is_some() || !config.failed.is_empty() || !errors.is_empty() {
        return;
    }
    let (
        Some(most),
        Some(Keyed {
            value: deadline, ..
        }),
    ) = (known_attempts(config), &config.deadline)
    else {
        return;
    };
    let Some(end) = deadline.literal() else {
        return;
    };
    let jitter = config.jitter.as_ref().map(|jitter| &jitter.value);
    let Some(delays) = Delays::of(
        config.backoff.as_ref().map(|backoff| &backoff.value),
        jitter,
    ) else {
        return;
    };
    let mut start = Duration::ZERO;
    for attempt in 2..=most.min(STEPS) {
        start = start.saturating_add(delays.shortest(attempt - 1));
        if start >= end {
            let beyond = start.saturating_sub(end);
            let beyond = if beyond.is_zero() {
                "which is this deadline".to_owned()
            } else {
                format!(
                    "{} beyond this deadline",
                    humantime::format_duration(beyond)
                )
            };
            errors.at(
                deadline,
                format!(
                    "attempt {attempt} of {most} starts after {} at the earliest, {beyond}; raise it, lower `attempts` or shorten the backoff",
                    humantime::format_duration(start)
                ),
            );
            return;
        }
        if start.is_zero() && attempt > 2 && delays.is_flat() {
            return;
        }
    }
}
