//! The keys of one method over the defaults of its block.
//!
//! Key by key, and inside class rules key by key again; a default that makes no sense next to what the method says gives way.

use syn::Ident;
use syn::ext::IdentExt as _;

use crate::model::{Backoff, Config, Form, Keyed, OwnRule, RetryAfter, Rule};

/// Calls a macro with the keys that have a single value. A key that is missing here does not compile.
macro_rules! with_single_keys {
    ($macro:ident) => {
        $macro! {
            policy attempts deadline attempt_timeout backoff jitter retry_after retry_after_max classify retry_if retry_until
            classify_value breaker budget bulkhead abort observe on_retry on_giving_up on_stop fallback returns timeline operation
        }
    };
}

/// What a policy says. A method that brings a policy of its own inherits none of these.
const OF_POLICY: [&str; 7] = [
    "attempts",
    "deadline",
    "attempt_timeout",
    "backoff",
    "jitter",
    "retry_after",
    "retry_after_max",
];

/// The keys that are written, in the order of the table of keys.
pub(super) fn written(config: &Config) -> Vec<Ident> {
    let mut keys: Vec<Ident> = Vec::new();
    macro_rules! collect {
        ($($key:ident)*) => {
            let Config { $($key,)* rules, clone, carry, allow, runtime, failed: _, written: _ } = config;
            $(keys.extend($key.as_ref().map(|keyed| keyed.key.clone()));)*
            keys.extend(rules.iter().map(|rule| rule.key.clone()));
            for (key, names) in [("clone", clone), ("carry", carry), ("allow", allow)] {
                keys.extend(names.first().map(|name| Ident::new(key, name.span())));
            }
            let first = runtime.as_ref().and_then(|path| path.segments.first());
            keys.extend(first.map(|first| Ident::new("crate", first.ident.span())));
        };
    }
    with_single_keys!(collect);
    keys
}

/// Takes a key away.
pub(super) fn forget(config: &mut Config, name: &str) {
    macro_rules! clear {
        ($($key:ident)*) => {
            match name {
                $(stringify!($key) => config.$key = None,)*
                "clone" => config.clone.clear(),
                "carry" => config.carry.clear(),
                "allow" => config.allow.clear(),
                "crate" => config.runtime = None,
                _ => config.rules.retain(|rule| rule.key != name),
            }
        };
    }
    with_single_keys!(clear);
}

/// The keys of a method over the defaults.
pub(super) fn over(defaults: &Config, own: &Config, is_async: bool) -> Config {
    let mut below = defaults.clone();
    give_way(&mut below, own, is_async);
    let mut merged = own.clone();
    macro_rules! fill {
        ($($key:ident)*) => {
            $(if merged.$key.is_none() {
                merged.$key = below.$key.take();
            })*
        };
    }
    with_single_keys!(fill);
    merged.rules = rules(below.rules, &own.rules);
    let more = below.allow.into_iter();
    let more: Vec<Ident> = more.filter(|lint| !own.allow.contains(lint)).collect();
    merged.allow.extend(more);
    merged.runtime = own.runtime.clone().or(below.runtime);
    merged.failed.extend(below.failed);
    merged
}

/// Takes away what does not go together with the keys of the method.
fn give_way(below: &mut Config, own: &Config, is_async: bool) {
    for name in &own.failed {
        forget(below, name);
    }
    if own.policy.is_some() || own.failed.contains(&"policy") {
        for name in OF_POLICY {
            forget(below, name);
        }
        below.rules.clear();
    }
    if !is_async {
        // Nothing cuts a blocking attempt.
        below.attempt_timeout = None;
    }
    if let Some(backoff) = &own.backoff {
        if !takes_jitter(&backoff.value) {
            below.jitter = None;
        }
    } else if own.jitter.is_some() {
        if let Some(Keyed {
            value: Backoff::Known(backoff),
            ..
        }) = &mut below.backoff
        {
            backoff.jitter = None;
        }
    }
    if matches!(&own.retry_after, Some(keyed) if matches!(keyed.value, RetryAfter::Ignore(_))) {
        below.retry_after_max = None;
    }
    if own.retry_until.is_some() || own.classify_value.is_some() {
        // Both judge the values.
        below.retry_until = None;
        below.classify_value = None;
    }
    if own.returns_outcome().is_some() {
        // The caller gets the error, and the stop.
        below.fallback = None;
        below.on_stop = None;
    }
    let returns = own.returns.as_ref().or(below.returns.as_ref());
    if !returns.is_some_and(|keyed| matches!(keyed.value, Form::Outcome)) {
        // Nobody gets it.
        below.timeline = None;
    }
    limit_caps(below, own);
}

/// Whether a jitter that is written elsewhere can apply. A constant has the jitter that it was made with.
fn takes_jitter(backoff: &Backoff) -> bool {
    match backoff {
        Backoff::Known(known) => known.jitter.is_none() && known.kind.modifiers.contains(&"jitter"),
        Backoff::Expression(_) => false,
    }
}

/// A cap of the defaults that a method with fewer attempts can never reach is as high as these.
fn limit_caps(below: &mut Config, own: &Config) {
    let Some(attempts) = &own.attempts else {
        return;
    };
    let Some(most) = attempts.value.literal().filter(|most| *most > 0) else {
        return;
    };
    for rule in &mut below.rules {
        if let Rule::Own(rule) = &mut rule.value {
            if let Some(cap) = &mut rule.attempts {
                if cap.value.literal().is_some_and(|cap| cap > most) {
                    cap.value = attempts.value.clone();
                }
            }
        }
    }
}

/// The class rules, each key by key.
fn rules(below: Vec<Keyed<Rule>>, own: &[Keyed<Rule>]) -> Vec<Keyed<Rule>> {
    let mut merged = own.to_vec();
    for rule in below {
        let same = merged
            .iter_mut()
            .find(|own| own.key.unraw() == rule.key.unraw());
        match (same.map(|own| &mut own.value), rule.value) {
            (None, value) => merged.push(Keyed {
                key: rule.key,
                value,
            }),
            (Some(Rule::Own(own)), Rule::Own(below)) => {
                let OwnRule { attempts, backoff } = *below;
                own.attempts = own.attempts.take().or(attempts);
                own.backoff = own.backoff.take().or(backoff);
            }
            (Some(_), _) => {}
        }
    }
    merged
}
