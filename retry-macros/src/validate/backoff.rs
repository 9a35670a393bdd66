//! The values of one backoff, alone and against each other, and the shortest delays that it can give.

use std::time::Duration;

use syn::Ident;

use crate::errors::Errors;
use crate::model::{Backoff, Config, Jitter, Keyed, KnownBackoff, Rule, Time};

/// What the growing backoffs have.
const DEFAULT_MAX: Duration = Duration::from_secs(30);
/// The base of the backoff that `Policy::new` has.
const DEFAULT_BASE: Duration = Duration::from_millis(100);
const DEFAULT_FACTOR: f64 = 2.0;
const TOKEN_FACTOR: f64 = 1.5;

/// Checks the backoff of the policy and those of the classes.
pub(super) fn every(config: &Config, errors: &mut Errors) {
    for (backoff, _) in all(config) {
        one(backoff, errors);
    }
}

/// The backoffs that are written in words, each with the jitter of the attribute that goes to it.
pub(super) fn all(config: &Config) -> impl Iterator<Item = (&KnownBackoff, Option<&Jitter>)> {
    let jitter = config.jitter.as_ref().map(|jitter| &jitter.value);
    let of_rules = config.rules.iter().filter_map(|rule| match &rule.value {
        Rule::Own(rule) => rule.backoff.as_ref().map(|backoff| (backoff, None)),
        Rule::Never(_) => None,
    });
    let own = config.backoff.iter().map(move |backoff| (backoff, jitter));
    own.chain(of_rules)
        .filter_map(|(backoff, jitter)| match &backoff.value {
            Backoff::Known(known) => Some((&**known, jitter)),
            Backoff::Expression(_) => None,
        })
}

/// A limit that no delay comes to, at its key.
pub(super) struct Unused<'a> {
    pub(super) key: &'a Ident,
    pub(super) message: String,
}

/// Limits of a backoff whose delays are all written down.
pub(super) fn unused<'a>(
    backoff: &'a KnownBackoff,
    jitter: Option<&Jitter>,
) -> impl Iterator<Item = Unused<'a>> {
    let mut unbound = backoff.clone();
    (unbound.max, unbound.min) = (None, None);
    let delays = Delays::of(Some(&Backoff::Known(Box::new(unbound))), jitter);
    let range = delays.and_then(|delays| match &delays.formula {
        Formula::Schedule(given) => Some((
            scaled(*given.iter().min()?, delays.least),
            scaled(*given.iter().max()?, delays.most),
        )),
        _ => None,
    });
    let name = backoff.kind.word.name;
    let text = humantime::format_duration;
    let max = range.zip(limit(backoff.max.as_ref()));
    let max = max.filter(|((_, longest), (_, max))| longest <= max);
    let min = range.zip(limit(backoff.min.as_ref()));
    let min = min.filter(|((shortest, _), (_, min))| min <= shortest);
    let max = max.map(|((_, longest), (key, _))| Unused {
        key,
        message: format!(
            "no delay of this `{name}` is above {}, so `max` has no effect; lower it, or remove it",
            text(longest)
        ),
    });
    let min = min.map(|((shortest, _), (key, _))| Unused {
        key,
        message: format!(
            "no delay of this `{name}` is below {}, so `min` has no effect; raise it, or remove it",
            text(shortest)
        ),
    });
    max.into_iter().chain(min)
}

fn limit(limit: Option<&Keyed<Time>>) -> Option<(&Ident, Duration)> {
    limit.and_then(|limit| Some((&limit.key, limit.value.literal()?)))
}

fn one(backoff: &KnownBackoff, errors: &mut Errors) {
    if let Some(factor) = &backoff.factor {
        let reason = match factor.value.value {
            Some(value) if !value.is_finite() => {
                Some("a factor must be finite; write a number of at least 1")
            }
            Some(value) if value < 1.0 => {
                Some("a factor below 1 makes the delays shrink; write a number of at least 1")
            }
            _ => None,
        };
        if let Some(reason) = reason {
            errors.at(&factor.value.written, reason);
        }
    }
    if let Some(jitter) = &backoff.jitter {
        spread(&jitter.value, errors);
    }
    let max = backoff.max.as_ref().and_then(|max| max.value.literal());
    let min = backoff.min.as_ref().and_then(|min| min.value.literal());
    let Some((max_key, max)) = backoff.max.as_ref().zip(max) else {
        return;
    };
    if let Some((min_key, _)) = backoff.min.as_ref().zip(min).filter(|(_, min)| *min > max) {
        errors.at(
            &min_key.value,
            format!(
                "`min` is above the `max` of {}, which leaves no delay to choose; lower it, or raise `max`",
                humantime::format_duration(max)
            ),
        );
    }
    let longest = backoff.delays.iter().filter_map(Time::literal).max();
    if let Some(longest) = longest.filter(|longest| *longest > max) {
        errors.at(
            &max_key.value,
            format!(
                "`max` is below the delay of {} that `{}` is given; raise it, or shorten the delay",
                humantime::format_duration(longest),
                backoff.kind.word.name
            ),
        );
    }
}

/// A spread outside 0..=1.
pub(super) fn spread(jitter: &Jitter, errors: &mut Errors) {
    let Jitter::Spread(number) = jitter else {
        return;
    };
    if number
        .value
        .is_some_and(|value| !(0.0..=1.0).contains(&value))
    {
        errors.at(
            &number.written,
            "a jitter lies between 0 and 1; write for example `0.3` for 30 % to both sides",
        );
    }
}

/// The shortest delays of a backoff of which everything is known.
pub(super) struct Delays {
    formula: Formula,
    cap: Duration,
    floor: Duration,
    /// What is left of a delay at least.
    least: f64,
    /// What a delay may grow to.
    most: f64,
}

enum Formula {
    Linear(Duration),
    Exponential(Duration, f64),
    Fibonacci(Duration),
    Schedule(Vec<Duration>),
}

impl Delays {
    /// `None` when something about it is only known to the compiler, or to chance alone.
    pub(super) fn of(backoff: Option<&Backoff>, jitter: Option<&Jitter>) -> Option<Self> {
        let known = match backoff {
            None => None,
            Some(Backoff::Known(known)) => Some(known),
            Some(Backoff::Expression(_)) => return None,
        };
        let name = known.map_or("exponential", |known| known.kind.word.name);
        let given: Vec<Duration> = match known {
            None => vec![DEFAULT_BASE],
            Some(known) => known
                .delays
                .iter()
                .map(Time::literal)
                .collect::<Option<_>>()?,
        };
        let first = *given.first()?;
        let literal = |time: Option<&Keyed<Time>>| match time {
            None => Some(None),
            Some(time) => time.value.literal().map(Some),
        };
        let max = literal(known.and_then(|known| known.max.as_ref()))?;
        let floor = literal(known.and_then(|known| known.min.as_ref()))?.unwrap_or_default();
        let factor = match known.and_then(|known| known.factor.as_ref()) {
            None if name == "token" => TOKEN_FACTOR,
            None => DEFAULT_FACTOR,
            Some(factor) => factor.value.value?,
        };
        let (formula, grows) = match name {
            "fixed" | "schedule" => (Formula::Schedule(given), false),
            "linear" => (Formula::Linear(first), true),
            "fibonacci" => (Formula::Fibonacci(first), true),
            "exponential" | "token" => (Formula::Exponential(first, factor), true),
            _ => return None,
        };
        let (least, most) = match known
            .and_then(|known| known.jitter.as_ref())
            .map(|j| &j.value)
            .or(jitter)
        {
            None if name == "token" => (0.5, 1.0),
            None if grows => (0.0, 1.0),
            Some(Jitter::Named(word)) if word == "full" => (0.0, 1.0),
            Some(Jitter::Named(word)) if word == "equal" => (0.5, 1.0),
            None | Some(Jitter::Named(_)) => (1.0, 1.0),
            Some(Jitter::Spread(number)) => (1.0 - number.value?, 1.0 + number.value?),
            Some(Jitter::Expression(_)) => return None,
        };
        let cap = match max {
            Some(max) => max,
            None if grows => DEFAULT_MAX.max(first).max(floor),
            None => Duration::MAX,
        };
        Some(Self {
            formula,
            cap,
            floor,
            least,
            most,
        })
    }

    /// Whether all delays after the first are the same.
    pub(super) fn is_flat(&self) -> bool {
        self.least == 0.0 || matches!(&self.formula, Formula::Schedule(delays) if delays.len() == 1)
    }

    /// The shortest delay after failure `n`.
    pub(super) fn shortest(&self, n: u32) -> Duration {
        let delay = match &self.formula {
            Formula::Linear(step) => step.saturating_mul(n),
            Formula::Exponential(base, factor) => {
                let power = factor.powf(f64::from(n - 1));
                Duration::try_from_secs_f64(base.as_secs_f64() * power).unwrap_or(Duration::MAX)
            }
            Formula::Fibonacci(unit) => unit.saturating_mul(fibonacci(n)),
            Formula::Schedule(delays) => delays[(n as usize - 1).min(delays.len() - 1)],
        };
        let highest = scaled(self.cap, 1.0 / self.most).min(self.cap);
        scaled(delay.min(highest), self.least).max(self.floor)
    }
}

fn scaled(delay: Duration, part: f64) -> Duration {
    let is = |wanted: f64| (part - wanted).abs() < f64::EPSILON;
    if is(1.0) {
        delay
    } else if is(0.5) {
        delay / 2
    } else {
        // A nanosecond less than rounding may give, so that nothing is refused that would just fit.
        Duration::try_from_secs_f64(delay.as_secs_f64() * part)
            .unwrap_or(Duration::MAX)
            .saturating_sub(Duration::from_nanos(1))
    }
}

fn fibonacci(n: u32) -> u32 {
    let (mut previous, mut current) = (0_u32, 1_u32);
    for _ in 1..n.min(64) {
        (previous, current) = (current, current.saturating_add(previous));
    }
    current
}
