//! Policies in configuration files.
//!
//! What comes in is read into plain structs (in `shape`) whose durations and words are text, then
//! turned into the real types by hand: only there is the path of a field known, and every refusal names it.

mod shape;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use self::shape::{
    AttemptsData, BackoffData, ClassesData, DurationText, PolicyData, RuleData, SpreadData, WordOr,
};
use super::check::Problem;
use super::rule::Rule;
use super::{ClassRule, Policy, PolicyError, RetryAfter};
use crate::backoff::{Kind, TOKEN_FACTOR};
use crate::{Backoff, ErrorClass, Jitter, duration_text};

/// A policy as in a configuration file; a field that is left out is as in [`Policy::new`].
///
/// | field | value |
/// |---|---|
/// | `attempts` | a number, or `"unlimited"` |
/// | `deadline`, `attempt_timeout` | a duration |
/// | `backoff` | a backoff, see below |
/// | `no_backoff` | `true` takes the default backoff away, see [`Policy::no_backoff`] |
/// | `classes.<class>` | `attempts` and `backoff`, or `"never"` |
/// | `retry_after` | `"honor"` or `"ignore"` |
/// | `retry_after_max` | a duration |
///
/// Durations are strings with a unit: `"250ms"`, `"1m 30s"`. A backoff has a `kind`, the argument
/// of the constructor of that name, and optionally `min`, `max`, `factor` and `jitter`:
///
/// | `kind` | argument |
/// |---|---|
/// | `"none"` (retry at once) | |
/// | `"fixed"` | `delay` |
/// | `"linear"` | `step` |
/// | `"exponential"`, `"decorrelated"`, `"token"` | `base` |
/// | `"fibonacci"` | `unit` |
/// | `"schedule"` | `delays`, a list |
///
/// A jitter is `"none"`, `"full"`, `"equal"` or `{ spread = 0.3 }`. A custom backoff is a function
/// and can neither be written nor read.
///
/// What comes in is refused where the builder or [`Policy::checked`] would panic, with the path of
/// the field and the reason; unknown fields are refused too. The format must be self-describing,
/// as TOML, JSON and YAML are. The delays of a schedule are kept for the rest of the process, once
/// for all schedules with the same delays, as a policy holds nothing that it would have to free.
///
/// ```
/// use retry_core::{Backoff, ClassRule, ErrorClass, Jitter, Policy};
/// use std::time::Duration;
///
/// let policy: Policy = toml::from_str(r#"
///     attempts = 5
///     deadline = "1m 30s"
///     backoff = { kind = "exponential", base = "100ms", max = "10s", jitter = "equal" }
///
///     [classes]
///     rate_limit = { attempts = 3, backoff = { kind = "fixed", delay = "5s" } }
///     unknown = "never"
/// "#)?;
///
/// let exponential = Backoff::exponential(Duration::from_millis(100));
/// assert_eq!(
///     policy,
///     Policy::new()
///         .attempts(5)
///         .deadline(Duration::from_secs(90))
///         .backoff(exponential.max(Duration::from_secs(10)).jitter(Jitter::Equal))
///         .class(
///             ErrorClass::RateLimit,
///             ClassRule::new().attempts(3).backoff(Backoff::fixed(Duration::from_secs(5))),
///         )
///         .class(ErrorClass::Unknown, ClassRule::never()),
/// );
///
/// let error = toml::from_str::<Policy>("classes.transient.attempts = 4").unwrap_err();
/// assert!(error.message().starts_with("`classes.transient.attempts`: "));
/// # Ok::<(), toml::de::Error>(())
/// ```
impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let data = PolicyData::deserialize(deserializer)?;
        data.into_policy().map_err(de::Error::custom)
    }
}

/// Writes what [`Deserialize`] reads.
///
/// # Errors
///
/// If there is a custom backoff in it: that is a function.
impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data = PolicyData::of(self).map_err(ser::Error::custom)?;
        data.serialize(serializer)
    }
}

/// As under `classes` of a [`Policy`].
impl<'de> Deserialize<'de> for ClassRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let data = WordOr::<RuleData>::deserialize(deserializer)?;
        rule(data, Path::ROOT).map_err(de::Error::custom)
    }
}

/// As under `classes` of a [`Policy`].
impl Serialize for ClassRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data = rule_data(self, Path::ROOT).map_err(ser::Error::custom)?;
        data.serialize(serializer)
    }
}

/// As the `backoff` of a [`Policy`].
impl<'de> Deserialize<'de> for Backoff {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let data = BackoffData::deserialize(deserializer)?;
        data.into_backoff(Path::ROOT).map_err(de::Error::custom)
    }
}

/// As the `backoff` of a [`Policy`].
impl Serialize for Backoff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data = BackoffData::of(self, Path::ROOT).map_err(ser::Error::custom)?;
        data.serialize(serializer)
    }
}

/// As the `jitter` of a backoff. The range of a spread is checked by the backoff it is given to.
impl<'de> Deserialize<'de> for Jitter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let data = WordOr::<SpreadData>::deserialize(deserializer)?;
        jitter(data, Path::ROOT).map_err(de::Error::custom)
    }
}

/// As the `jitter` of a backoff.
impl Serialize for Jitter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        jitter_data(*self).serialize(serializer)
    }
}

/// Where in the configuration something is.
#[derive(Clone, Copy)]
struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    name: &'a str,
}

impl<'a> Path<'a> {
    const ROOT: Self = Self {
        parent: None,
        name: "",
    };

    const fn field(&'a self, name: &'a str) -> Self {
        Self {
            parent: Some(self),
            name,
        }
    }

    fn refuse(&self, reason: impl Into<String>) -> PolicyError {
        PolicyError::new(self.to_string(), reason.into())
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            if parent.parent.is_some() {
                write!(formatter, "{parent}.")?;
            }
        }
        formatter.write_str(self.name)
    }
}

impl DurationText {
    fn of(duration: Duration) -> Self {
        Self(humantime::format_duration(duration).to_string())
    }

    fn read(&self, path: Path<'_>) -> Result<Duration, PolicyError> {
        duration_text::parse(&self.0).map_err(|reason| path.refuse(reason))
    }
}

impl PolicyData {
    fn into_policy(self) -> Result<Policy, PolicyError> {
        let root = Path::ROOT;
        let duration = |text: Option<DurationText>, name| {
            text.map(|text| text.read(root.field(name))).transpose()
        };
        let mut policy = Policy::new();
        match self.attempts {
            None => {}
            Some(AttemptsData::Number(attempts)) => policy.attempts = Some(attempts),
            Some(AttemptsData::Word(word)) if word == "unlimited" => policy.attempts = None,
            Some(AttemptsData::Word(word)) => {
                return Err(root.field("attempts").refuse(format!(
                    "\"{word}\" is no number of attempts: write a number, or \"unlimited\"."
                )));
            }
        }
        policy.deadline = duration(self.deadline, "deadline")?;
        policy.attempt_timeout = duration(self.attempt_timeout, "attempt_timeout")?;
        if let Some(longest) = duration(self.retry_after_max, "retry_after_max")? {
            policy.retry_after_max = longest;
        }
        match self.retry_after.as_deref() {
            None => {}
            Some("honor") => policy.retry_after = RetryAfter::Honor,
            Some("ignore") => policy.retry_after = RetryAfter::Ignore,
            Some(word) => {
                return Err(root.field("retry_after").refuse(format!(
                    "\"{word}\" is not known: write \"honor\" or \"ignore\"."
                )));
            }
        }
        match (self.no_backoff, self.backoff) {
            (Some(true), Some(_)) => {
                return Err(root
                    .field("no_backoff")
                    .refuse("a policy cannot have a `backoff` and none: remove one of the two."));
            }
            (Some(true), None) => policy.backoff = None,
            (_, Some(data)) => policy.backoff = Some(data.into_backoff(root.field("backoff"))?),
            (_, None) => {}
        }
        let classes = root.field("classes");
        for (class, data) in self.classes.unwrap_or_default().into_rules() {
            if !class.is_retryable() {
                return Err(Problem::RuleForNeverRetried(class).into());
            }
            policy.rules[class.index()] = rule(data, classes.field(class.as_str()))?;
        }
        policy.validate()?;
        Ok(policy)
    }

    fn of(policy: &Policy) -> Result<Self, PolicyError> {
        let root = Path::ROOT;
        let backoff = policy.backoff.as_ref();
        Ok(Self {
            attempts: Some(match policy.attempts {
                Some(attempts) => AttemptsData::Number(attempts),
                None => AttemptsData::Word("unlimited".to_owned()),
            }),
            deadline: policy.deadline.map(DurationText::of),
            attempt_timeout: policy.attempt_timeout.map(DurationText::of),
            retry_after: Some(
                match policy.retry_after {
                    RetryAfter::Honor => "honor",
                    RetryAfter::Ignore => "ignore",
                }
                .to_owned(),
            ),
            retry_after_max: Some(DurationText::of(policy.retry_after_max)),
            no_backoff: backoff.is_none().then_some(true),
            backoff: backoff
                .map(|backoff| BackoffData::of(backoff, root.field("backoff")))
                .transpose()?,
            classes: ClassesData::of(policy, root.field("classes"))?,
        })
    }
}

impl ClassesData {
    fn slot(&mut self, class: ErrorClass) -> &mut Option<WordOr<RuleData>> {
        match class {
            ErrorClass::Auth => &mut self.auth,
            ErrorClass::Permission => &mut self.permission,
            ErrorClass::Permanent => &mut self.permanent,
            ErrorClass::Concurrency => &mut self.concurrency,
            ErrorClass::RateLimit => &mut self.rate_limit,
            ErrorClass::ServerError => &mut self.server_error,
            ErrorClass::Transient => &mut self.transient,
            ErrorClass::Unknown => &mut self.unknown,
        }
    }

    fn into_rules(mut self) -> impl Iterator<Item = (ErrorClass, WordOr<RuleData>)> {
        ErrorClass::ALL
            .into_iter()
            .filter_map(move |class| Some((class, self.slot(class).take()?)))
    }

    /// `None` when no class has a rule.
    fn of(policy: &Policy, path: Path<'_>) -> Result<Option<Self>, PolicyError> {
        let mut rules = None;
        for class in ErrorClass::ALL {
            let rule = &policy.rules[class.index()];
            if *rule != ClassRule::new() {
                let data = rule_data(rule, path.field(class.as_str()))?;
                *rules.get_or_insert_with(Self::default).slot(class) = Some(data);
            }
        }
        Ok(rules)
    }
}

fn rule(data: WordOr<RuleData>, path: Path<'_>) -> Result<ClassRule, PolicyError> {
    let rule = match data {
        WordOr::Word(word) if word == "never" => ClassRule::never(),
        WordOr::Word(word) => {
            return Err(path.refuse(format!(
                "\"{word}\" is no rule: write a table such as {{ attempts = 2 }}, or \"never\"."
            )));
        }
        WordOr::Table(RuleData { attempts, backoff }) => ClassRule(Rule::Retry {
            attempts,
            backoff: backoff
                .map(|data| data.into_backoff(path.field("backoff")))
                .transpose()?,
        }),
    };
    match rule.problem() {
        None => Ok(rule),
        Some(problem) => Err(path.field("attempts").refuse(problem.message())),
    }
}

fn rule_data(rule: &ClassRule, path: Path<'_>) -> Result<WordOr<RuleData>, PolicyError> {
    Ok(match &rule.0 {
        Rule::Never => WordOr::Word("never".to_owned()),
        Rule::Retry { attempts, backoff } => WordOr::Table(RuleData {
            attempts: *attempts,
            backoff: backoff
                .as_ref()
                .map(|backoff| BackoffData::of(backoff, path.field("backoff")))
                .transpose()?,
        }),
    })
}

impl BackoffData {
    fn into_backoff(self, path: Path<'_>) -> Result<Backoff, PolicyError> {
        let kind = self.kind.as_str();
        let argument = argument_of(kind).ok_or_else(|| {
            path.field("kind").refuse(format!(
                "\"{kind}\" is no kind of backoff: write one of \"none\", \"fixed\", \"linear\", \"exponential\", \"fibonacci\", \"decorrelated\", \"token\" or \"schedule\"."
            ))
        })?;
        for (name, given) in [
            ("delay", self.delay.is_some()),
            ("step", self.step.is_some()),
            ("base", self.base.is_some()),
            ("unit", self.unit.is_some()),
            ("delays", self.delays.is_some()),
        ] {
            if given != (name == argument) {
                return Err(path.field(name).refuse(if given {
                    format!("a backoff of kind \"{kind}\" has no use for `{name}`: remove it.")
                } else {
                    format!("a backoff of kind \"{kind}\" needs `{name}`: add it.")
                }));
            }
        }
        let duration = |text: Option<DurationText>, name| {
            text.map(|text| text.read(path.field(name))).transpose()
        };
        // At most one of them is left.
        let single = self.delay.or(self.step).or(self.base).or(self.unit);
        let single = duration(single, argument)?.unwrap_or_default();
        let delays = self
            .delays
            .unwrap_or_default()
            .iter()
            .enumerate()
            .map(|(index, text)| text.read(path.field(&format!("{argument}[{index}]"))))
            .collect::<Result<Vec<_>, _>>()?;
        let is_token = kind == "token";
        let backoff = Backoff {
            kind: match kind {
                "fixed" => Kind::Fixed(single),
                "linear" => Kind::Linear(single),
                "exponential" | "token" => Kind::Exponential(single),
                "fibonacci" => Kind::Fibonacci(single),
                "decorrelated" => Kind::Decorrelated(single),
                "schedule" => Kind::Schedule(interned(delays)),
                _ => Kind::None,
            },
            factor: self.factor.or(is_token.then_some(TOKEN_FACTOR)),
            min: duration(self.min, "min")?,
            max: duration(self.max, "max")?,
            jitter: match self.jitter {
                Some(data) => Some(jitter(data, path.field("jitter"))?),
                None => is_token.then_some(Jitter::Equal),
            },
        };
        match backoff.problem() {
            None => Ok(backoff),
            Some(problem) => Err(path
                .field(problem.modifier().unwrap_or(argument))
                .refuse(problem.message())),
        }
    }

    fn of(backoff: &Backoff, path: Path<'_>) -> Result<Self, PolicyError> {
        let mut data = Self {
            factor: backoff.factor,
            min: backoff.min.map(DurationText::of),
            max: backoff.max.map(DurationText::of),
            jitter: backoff.jitter.map(jitter_data),
            ..Self::default()
        };
        let text = |delay: Duration| Some(DurationText::of(delay));
        let kind = match backoff.kind {
            Kind::None => "none",
            Kind::Fixed(delay) => {
                data.delay = text(delay);
                "fixed"
            }
            Kind::Linear(step) => {
                data.step = text(step);
                "linear"
            }
            Kind::Exponential(base) => {
                data.base = text(base);
                "exponential"
            }
            Kind::Fibonacci(unit) => {
                data.unit = text(unit);
                "fibonacci"
            }
            Kind::Decorrelated(base) => {
                data.base = text(base);
                "decorrelated"
            }
            Kind::Schedule(delays) => {
                data.delays = Some(delays.iter().copied().map(DurationText::of).collect());
                "schedule"
            }
            Kind::Custom(_) => {
                return Err(path.field("kind").refuse(
                    "a custom backoff is a function and cannot be written as data: use another kind.",
                ));
            }
        };
        Ok(Self {
            kind: kind.to_owned(),
            ..data
        })
    }
}

/// What the constructor of this kind takes; empty for `none`, which takes nothing.
fn argument_of(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "none" => "",
        "fixed" => "delay",
        "linear" => "step",
        "exponential" | "decorrelated" | "token" => "base",
        "fibonacci" => "unit",
        "schedule" => "delays",
        _ => return None,
    })
}

fn jitter(data: WordOr<SpreadData>, path: Path<'_>) -> Result<Jitter, PolicyError> {
    match data {
        WordOr::Table(SpreadData { spread }) => Ok(Jitter::Spread(spread)),
        WordOr::Word(word) => match word.as_str() {
            "none" => Ok(Jitter::None),
            "full" => Ok(Jitter::Full),
            "equal" => Ok(Jitter::Equal),
            _ => Err(path.refuse(format!(
                "\"{word}\" is no jitter: write \"none\", \"full\", \"equal\" or {{ spread = 0.3 }}."
            ))),
        },
    }
}

fn jitter_data(jitter: Jitter) -> WordOr<SpreadData> {
    match jitter {
        Jitter::None => WordOr::Word("none".to_owned()),
        Jitter::Full => WordOr::Word("full".to_owned()),
        Jitter::Equal => WordOr::Word("equal".to_owned()),
        Jitter::Spread(spread) => WordOr::Table(SpreadData { spread }),
    }
}

/// The delays as they must be in a policy that can be copied: for the rest of the process.
///
/// Equal ones are kept once, so that a configuration that is read again and again does not leak
/// again and again.
fn interned(delays: Vec<Duration>) -> &'static [Duration] {
    static KEPT: Mutex<Vec<&'static [Duration]>> = Mutex::new(Vec::new());

    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(same) = kept.iter().find(|same| **same == delays) {
        return same;
    }
    let delays: &'static [Duration] = Vec::leak(delays);
    kept.push(delays);
    delays
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_schedules_are_kept_once() {
        let delays = || vec![Duration::from_secs(1), Duration::from_secs(2)];
        assert!(std::ptr::eq(interned(delays()), interned(delays())));
        assert!(!std::ptr::eq(interned(delays()), interned(Vec::new())));
    }
}
