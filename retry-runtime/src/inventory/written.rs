//! A policy as it would be written in the attribute: the words that whoever reads a report knows already.

use std::fmt;
use std::time::Duration;

use crate::backoff::Kind;
use crate::policy::DEFAULT_RETRY_AFTER_MAX;
use crate::{Backoff, ErrorClass, Jitter, Policy};

/// All keys of a policy but `attempts`, which has a place of its own in a report. What is as by default is left out, but the backoff.
pub(super) struct Written<'a>(pub(super) &'a Policy);

impl fmt::Display for Written<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(policy) = self;
        let mut keys = vec![match policy.own_backoff() {
            Some(backoff) => format!("backoff = {}", WrittenBackoff(backoff)),
            None => "no backoff".to_owned(),
        }];
        let times = [
            ("deadline", policy.max_elapsed()),
            ("attempt_timeout", policy.max_attempt_duration()),
        ];
        for (key, time) in times {
            keys.extend(time.map(|time| format!("{key} = {}", Quoted(time))));
        }
        keys.extend(
            ErrorClass::ALL
                .into_iter()
                .filter_map(|class| rule(policy, class)),
        );
        if !policy.honors_retry_after() {
            keys.push("retry_after = ignore".to_owned());
        } else if policy.longest_retry_after() != DEFAULT_RETRY_AFTER_MAX {
            keys.push(format!(
                "retry_after_max = {}",
                Quoted(policy.longest_retry_after())
            ));
        }
        formatter.write_str(&keys.join(", "))
    }
}

/// What is different for a class, if anything is.
fn rule(policy: &Policy, class: ErrorClass) -> Option<String> {
    let rule = policy.rule(class);
    if rule.is_never() {
        return Some(format!("{class} = never"));
    }
    let attempts = rule.cap().map(|cap| format!("attempts = {cap}"));
    let backoff = rule.own_backoff();
    let backoff = backoff.map(|backoff| format!("backoff = {}", WrittenBackoff(backoff)));
    let keys: Vec<String> = attempts.into_iter().chain(backoff).collect();
    (!keys.is_empty()).then(|| format!("{class}({})", keys.join(", ")))
}

/// A backoff as it would be written, with the modifiers that were.
pub(super) struct WrittenBackoff<'a>(pub(super) &'a Backoff);

impl fmt::Display for WrittenBackoff<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(backoff) = self;
        let one = |delay: Duration| vec![Quoted(delay).to_string()];
        let (kind, mut arguments) = match backoff.kind {
            Kind::None => ("none", Vec::new()),
            Kind::Fixed(delay) => ("fixed", one(delay)),
            Kind::Linear(step) => ("linear", one(step)),
            Kind::Exponential(base) => ("exponential", one(base)),
            Kind::Fibonacci(unit) => ("fibonacci", one(unit)),
            Kind::Decorrelated(base) => ("decorrelated", one(base)),
            Kind::Schedule(delays) => {
                let delays = delays.iter().map(|delay| Quoted(*delay).to_string());
                ("schedule", delays.collect())
            }
            Kind::Custom(_) => ("custom", vec!["…".to_owned()]),
        };
        for (name, delay) in [("max", backoff.max), ("min", backoff.min)] {
            arguments.extend(delay.map(|delay| format!("{name} = {}", Quoted(delay))));
        }
        arguments.extend(backoff.factor.map(|factor| format!("factor = {factor:?}")));
        arguments.extend(backoff.jitter.map(|jitter| match jitter {
            Jitter::None => "jitter = none".to_owned(),
            Jitter::Full => "jitter = full".to_owned(),
            Jitter::Equal => "jitter = equal".to_owned(),
            Jitter::Spread(spread) => format!("jitter = {spread:?}"),
        }));
        formatter.write_str(kind)?;
        if arguments.is_empty() {
            return Ok(());
        }
        write!(formatter, "({})", arguments.join(", "))
    }
}

/// `"1m 30s"`
pub(super) struct Quoted(pub(super) Duration);

impl fmt::Display for Quoted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{}\"", humantime::format_duration(self.0))
    }
}
