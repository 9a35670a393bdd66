//! What can never take effect, and what can never succeed: which classes the failures of a call can have, and what the keys then decide.

use quote::ToTokens;
use syn::{Error, Expr, Ident};

use super::answers::{always, classes, optional_classes};
use super::backoff::{self, Unused};
use crate::errors::Errors;
use crate::model::{Config, Function, Keyed, OwnRule, Rule, Time};

/// The classes that are retried unless a rule says otherwise.
const RETRIED: [&str; 5] = [
    "transient",
    "server_error",
    "rate_limit",
    "concurrency",
    "unknown",
];

/// A key that decides nothing in this call.
pub(crate) struct Idle {
    /// The key, if all of it is idle.
    pub(crate) key: Option<Ident>,
    /// It decides for everything, which takes the place of a default that would decide otherwise.
    pub(crate) is_constant: bool,
    pub(crate) error: Error,
}

/// What the failures of a call can be.
struct Failures {
    /// `None` for any.
    classes: Option<Vec<&'static str>>,
    hints: bool,
}

impl Failures {
    fn any() -> Self {
        Self {
            classes: None,
            hints: true,
        }
    }

    fn of(classes: &[&'static str]) -> Self {
        Self {
            classes: Some(classes.to_vec()),
            hints: false,
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            classes: self.classes.zip(other.classes).map(|(mut own, other)| {
                own.extend(other);
                own
            }),
            hints: self.hints || other.hints,
        }
    }

    fn may_be(&self, class: &str) -> bool {
        self.classes
            .as_ref()
            .is_none_or(|classes| classes.contains(&class))
    }

    /// The classes that are retried if no rule says otherwise.
    fn retried(&self) -> impl Iterator<Item = &'static str> {
        RETRIED.into_iter().filter(|class| self.may_be(class))
    }
}

/// What errors are classified as.
fn errors_of(config: &Config) -> Failures {
    if config.failed.contains(&"classify") || config.failed.contains(&"retry_if") {
        return Failures::any();
    }
    match (&config.classify, &config.retry_if) {
        (Some(classify), _) => match classes(&classify.value) {
            Some(said) => Failures {
                classes: Some(said.named),
                hints: said.hint,
            },
            None => Failures::any(),
        },
        (None, Some(_)) => Failures::of(&["transient", "permanent"]),
        (None, None) => Failures::any(),
    }
}

/// What failures there are without an error: values and attempts that were cut.
fn others_of(config: &Config) -> Failures {
    if config.failed.contains(&"classify_value") {
        return Failures::any();
    }
    let cut = ["attempt_timeout", "policy", "retry_until"]
        .iter()
        .any(|key| config.failed.contains(key));
    let transient = cut
        || config.attempt_timeout.is_some()
        || config.policy.is_some()
        || config.retry_until.is_some();
    let others = Failures::of(if transient { &["transient"] } else { &[] });
    match &config.classify_value {
        None => others,
        Some(judge) => match optional_classes(&judge.value) {
            Some((said, _)) => others.and(Failures {
                classes: Some(said.named),
                hints: said.hint,
            }),
            None => Failures::any(),
        },
    }
}

/// Whether a failure can come with a hint when to come back.
pub(crate) fn hints(config: &Config) -> bool {
    errors_of(config).and(others_of(config)).hints
}

fn is_single(config: &Config) -> bool {
    config
        .attempts
        .as_ref()
        .is_some_and(|attempts| attempts.value.literal() == Some(1))
}

/// Whether the rule of a class, if it has one, lets no failure of it be retried.
fn forbids(config: &Config, class: &str) -> bool {
    config.rules.iter().any(|rule| {
        rule.key == class
            && match &rule.value {
                Rule::Never(_) => true,
                Rule::Own(own) => is_one(own),
            }
    })
}

fn is_one(rule: &OwnRule) -> bool {
    let cap = rule.attempts.as_ref();
    cap.is_some_and(|cap| cap.value.literal() == Some(1))
}

/// Judges that refuse everything, and calls in which nothing is ever retried.
pub(super) fn verdicts(config: &Config, errors: &mut Errors) {
    values(config, errors);
    let others = others_of(config);
    let of_values = others.retried().next().is_some();
    if let Some(Keyed { value, .. }) = &config.retry_if {
        match always(value) {
            Some(false) if !of_values && !is_single(config) => {
                errors.at(
                    value,
                    "`retry_if` says no to every error, so nothing is ever retried; say which errors are, or remove the attribute",
                );
                return;
            }
            _ => {}
        }
    }
    if is_single(config) || config.failed.iter().any(|key| RETRIED.contains(key)) {
        return;
    }
    let of_errors = errors_of(config);
    if let (Some(Keyed { value, .. }), None) = (&config.classify, &config.retry_if) {
        if of_errors.retried().next().is_none() && !of_values {
            errors.at(
                value,
                "`classify` says only what is never retried, so nothing ever is; say another class, or remove the attribute",
            );
            return;
        }
    }
    let failures = of_errors.and(others);
    let mut retried = failures.retried().peekable();
    if retried.peek().is_none() || !retried.all(|class| forbids(config, class)) {
        return;
    }
    let last = config
        .rules
        .iter()
        .rfind(|rule| failures.may_be(&rule.key.to_string()));
    if let Some(rule) = last {
        errors.at(
            &rule.key,
            format!(
                "with the rule of `{}` no failure is left that is retried; remove the rule, or the attribute",
                rule.key
            ),
        );
    }
}

/// The judges of values that accept all of them, or none.
fn of_one_mind(config: &Config) -> impl Iterator<Item = (&Keyed<Expr>, bool)> {
    let until = config.retry_until.as_ref();
    let until = until.and_then(|keyed| Some((keyed, always(&keyed.value)?)));
    let classify = config.classify_value.as_ref().and_then(|keyed| {
        let (said, accepts) = optional_classes(&keyed.value)?;
        (accepts == said.named.is_empty()).then_some((keyed, accepts))
    });
    until.into_iter().chain(classify)
}

/// A judge that accepts no value.
fn values(config: &Config, errors: &mut Errors) {
    for (Keyed { key, value }, accepts) in of_one_mind(config) {
        if !accepts {
            errors.at(
                value,
                format!(
                    "`{key}` accepts no value, so the call can never succeed; say which values are fine"
                ),
            );
        }
    }
}

/// The keys that decide nothing.
pub(crate) fn idle(config: &Config, function: Option<&Function>) -> Vec<Idle> {
    let mut found = Found(Vec::new());
    if is_single(config) {
        single(config, function, &mut found);
    } else {
        of_failures(config, &mut found);
    }
    for (Keyed { key, value }, accepts) in of_one_mind(config) {
        if accepts {
            found.value(
                key,
                value,
                format!("`{key}` accepts every value, so it has no effect; remove it"),
            );
        }
    }
    filter(config, &mut found);
    on_stop(config, function, &mut found);
    for (known, jitter) in backoff::all(config) {
        for Unused { key, message } in backoff::unused(known, jitter) {
            found.part(key, message);
        }
    }
    found.0
}

struct Found(Vec<Idle>);

impl Found {
    /// All of a key is idle.
    fn key(&mut self, key: &Ident, message: String) {
        self.0.push(Idle {
            key: Some(key.clone()),
            is_constant: false,
            error: Error::new(key.span(), message),
        });
    }

    /// All of a key is, because its value is of one mind.
    fn value(&mut self, key: &Ident, value: &impl ToTokens, message: String) {
        self.0.push(Idle {
            key: Some(key.clone()),
            is_constant: true,
            error: Error::new_spanned(value, message),
        });
    }

    /// Something inside the value of a key is.
    fn part(&mut self, tokens: &impl ToTokens, message: String) {
        self.0.push(Idle {
            key: None,
            is_constant: false,
            error: Error::new_spanned(tokens, message),
        });
    }
}

/// What is about another attempt, where there is none.
fn single(config: &Config, function: Option<&Function>, found: &mut Found) {
    let keys = [
        config.backoff.as_ref().map(|keyed| &keyed.key),
        config.jitter.as_ref().map(|keyed| &keyed.key),
        config.retry_after.as_ref().map(|keyed| &keyed.key),
        config.retry_after_max.as_ref().map(|keyed| &keyed.key),
        config.on_retry.as_ref().map(|keyed| &keyed.key),
    ];
    let rules = config.rules.iter().map(|rule| &rule.key);
    for key in keys.into_iter().flatten().chain(rules) {
        found.key(
            key,
            format!(
                "`attempts = 1` never retries, so `{key}` has no effect; remove it, or raise `attempts`"
            ),
        );
    }
    let Some((deadline, function)) = config.deadline.as_ref().zip(function) else {
        return;
    };
    // The body may ask how much remains, and a wait for the bulkhead ends with it.
    if function.attempt.is_empty() && config.bulkhead.is_none() {
        let advice = match &deadline.value {
            Time::Literal { written, .. }
                if function.is_async() && config.attempt_timeout.is_none() =>
            {
                format!("write `attempt_timeout = \"{}\"`", written.value())
            }
            _ => "remove it, or raise `attempts`".to_owned(),
        };
        found.key(
            &deadline.key,
            format!("a deadline does not cut the only attempt, so it has no effect; {advice}"),
        );
    }
}

/// Rules, hints and backoffs that no failure comes to.
fn of_failures(config: &Config, found: &mut Found) {
    let failures = errors_of(config).and(others_of(config));
    let by_class = config.classify.is_some();
    for Keyed { key, value } in &config.rules {
        if !failures.may_be(&key.to_string()) {
            found.key(
                key,
                if by_class {
                    format!("`classify` never says `{key}`, so a rule for it has no effect; remove it")
                } else {
                    format!(
                        "`retry_if` without `classify` makes an error transient or permanent, so a rule for `{key}` has no effect; remove it, or say the class with `classify`"
                    )
                },
            );
        } else if let Rule::Own(own) = value {
            if let Some(backoff) = own.backoff.as_ref().filter(|_| is_one(own)) {
                found.part(
                    &backoff.key,
                    format!(
                        "with `attempts = 1` a failure of `{key}` is never retried, so its `backoff` has no effect; remove it, or raise its `attempts`"
                    ),
                );
            }
        }
    }
    let hints = [
        config.retry_after.as_ref().map(|keyed| &keyed.key),
        config.retry_after_max.as_ref().map(|keyed| &keyed.key),
    ];
    for key in hints.into_iter().flatten().filter(|_| !failures.hints) {
        found.key(
            key,
            if by_class {
                format!(
                    "`classify` never says when to come back, so `{key}` has no effect; remove it, or give a hint with `Classification::with_retry_after`"
                )
            } else {
                format!(
                    "`retry_if` without `classify` says nothing of when to come back, so `{key}` has no effect; remove it, or give a hint with `classify`"
                )
            },
        );
    }
    let mut retried = failures.retried().peekable();
    if retried.peek().is_none() || !retried.all(|class| waits_by_itself(config, class)) {
        return;
    }
    let shared = [
        config.backoff.as_ref().map(|keyed| &keyed.key),
        config.jitter.as_ref().map(|keyed| &keyed.key),
    ];
    for key in shared.into_iter().flatten() {
        found.key(
            key,
            format!(
                "every class that is retried here has a backoff of its own, so `{key}` has no effect; remove it"
            ),
        );
    }
}

/// Whether the backoff of the policy is not asked after a failure of this class.
fn waits_by_itself(config: &Config, class: &str) -> bool {
    let failed = config.failed.contains(&class);
    let rule = config.rules.iter().find(|rule| rule.key == class);
    !failed
        && rule.is_some_and(|rule| match &rule.value {
            Rule::Never(_) => true,
            Rule::Own(own) => own.backoff.is_some() || is_one(own),
        })
}

/// A filter of errors that are not retried anyway.
fn filter(config: &Config, found: &mut Found) {
    let (Some(filter), Some(_)) = (&config.retry_if, &config.classify) else {
        return;
    };
    if always(&filter.value) == Some(true) {
        found.value(
            &filter.key,
            &filter.value,
            "`retry_if` says yes to every error, so next to `classify` it has no effect; remove it"
                .to_owned(),
        );
        return;
    }
    let errors = errors_of(config);
    if errors.classes.is_some() && errors.retried().next().is_none() {
        found.key(
            &filter.key,
            "`classify` says only what is never retried, so `retry_if` has nothing to decide; remove it, or say another class in `classify`".to_owned(),
        );
    }
}

/// A way from a stop to an error that no call takes.
fn on_stop(config: &Config, function: Option<&Function>, found: &mut Found) {
    let Some(on_stop) = &config.on_stop else {
        return;
    };
    // Said already, and better.
    if config.returns_outcome().is_some() {
        return;
    }
    let may_be_cut = function.is_none_or(Function::is_async);
    let policy = (config.policy.is_some() || config.failed.contains(&"policy")) && may_be_cut;
    if config.stops_without_an_error().is_none() && config.failed.is_empty() && !policy {
        found.key(
            &on_stop.key,
            "a call with these keys always has a value or an error of its own, so `on_stop` is never asked; remove it".to_owned(),
        );
    }
}
