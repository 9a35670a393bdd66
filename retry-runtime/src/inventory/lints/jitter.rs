//! Callers that failed together come back together.

use super::super::site::SiteInfo;
use super::super::written::WrittenBackoff;
use super::{Checked, Finding};
use crate::backoff::Kind;
use crate::{Backoff, ErrorClass, Jitter, Policy};

/// Delays that are looked at one by one; those of a growing backoff are at their `max` long before.
const DELAYS: u32 = 100;

pub(super) fn check(checked: &Checked<'_>) -> Vec<Finding> {
    checked.each(|site| {
        let shared = shared(checked.all, site)?;
        let (class, backoff) = in_step(site)?;
        let of_class = class.map_or_else(String::new, |class| format!(" after a failure of `{class}`"));
        let written = WrittenBackoff(backoff);
        Some((
            format!(
                "`{}` {shared}, and waits by `{written}`{of_class}: callers that failed together come back together",
                site.operation()
            ),
            match backoff.kind {
                Kind::None => "give it a delay with jitter, as in `fixed(\"50ms\", jitter = full)`",
                _ if backoff.effective_jitter() != Jitter::None => {
                    "leave room for its jitter between `min` and `max`"
                }
                _ => "give it a jitter, as in `jitter = equal`",
            }
            .to_owned(),
        ))
    })
}

/// By what the operation is shared, if it is.
fn shared(all: &[SiteInfo], site: SiteInfo) -> Option<String> {
    let sites = all
        .iter()
        .filter(|other| other.operation() == site.operation())
        .count();
    if sites > 1 {
        return Some(format!("is the operation of {sites} sites"));
    }
    let guard = site.guards().into_iter().next()?;
    Some(format!("is behind the {guard}"))
}

/// A backoff whose delays are known beforehand, and the class that it is for if it is not for all.
fn in_step(site: SiteInfo) -> Option<(Option<ErrorClass>, &'static Backoff)> {
    let policy = site.policy()?;
    let retries = site
        .worst_case()?
        .attempts
        .map_or(DELAYS, |attempts| DELAYS.min(attempts - 1));
    ErrorClass::ALL
        .into_iter()
        .filter(|class| is_retried(policy, *class))
        .find_map(|class| {
            let backoff = policy.backoff_for(class)?;
            let own = policy.rule(class).own_backoff().is_some();
            let certain = (1..=retries).all(|n| {
                let (least, greatest) = backoff.bounds(n);
                least == greatest
            });
            (retries > 0 && certain).then(|| (own.then_some(class), backoff))
        })
}

fn is_retried(policy: &Policy, class: ErrorClass) -> bool {
    policy.is_retried(class) && policy.class_cap(class) != Some(1)
}
