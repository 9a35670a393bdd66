//! What is known of a site: [`SiteInfo`].

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::entry::SiteEntry;
use super::lint::Lint;
use super::written::Written;
use crate::policy::Policy;
use crate::registry::Made;
use crate::worst_case::{Conditions, WorstCase};

/// One function with `#[retry]`, or one method that `#[retry_methods]` retries.
///
/// [`sites()`](super::sites) lists them. Printed, it is the operation and its place: `fetch_user (src/users.rs:12)`.
#[derive(Clone, Copy)]
pub struct SiteInfo(&'static SiteEntry);

/// A guard of a site. Printed, it is as in the [`Report`](super::Report): `breaker "payments"`, or `breaker self.breaker`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SiteGuard {
    /// Which kind it is.
    pub kind: GuardKind,
    /// Its name, if it is a `static`. Unknown of one in a `LazyLock`, which is not made only to be listed, and of a place such as
    /// `self.breaker`, which may be another one in each call.
    pub name: Option<&'static str>,
    /// What the attribute says, such as `PAYMENTS` or `self.breaker`.
    pub written: &'static str,
}

/// The kind of a guard, by its key in the attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GuardKind {
    /// A [`CircuitBreaker`](crate::CircuitBreaker).
    Breaker,
    /// A [`Budget`](crate::Budget).
    Budget,
    /// A [`Bulkhead`](crate::Bulkhead).
    Bulkhead,
}

impl GuardKind {
    /// The key in the attribute: `breaker`, `budget` or `bulkhead`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Breaker => "breaker",
            Self::Budget => "budget",
            Self::Bulkhead => "bulkhead",
        }
    }
}

impl SiteInfo {
    pub(super) const fn new(entry: &'static SiteEntry) -> Self {
        Self(entry)
    }

    /// The name of what is called. Where it depends on generics, what the attribute says in braces, such as `{Self::NAME}`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// The module's path, which begins with the name of the crate.
    #[must_use]
    pub fn module(&self) -> &'static str {
        self.0.module
    }

    /// The source file, as the compiler was given it: relative to the workspace, of dependencies mostly absolute.
    #[must_use]
    pub fn file(&self) -> &'static str {
        self.0.file
    }

    /// The line of the attribute, or of the method under `#[retry_methods]`.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.0.line
    }

    /// The policy; `None` if it depends on generics, see the [module](super).
    #[must_use]
    pub fn policy(&self) -> Option<&'static Policy> {
        self.0.policy
    }

    /// Whether the function is async. Nothing cuts an attempt of one that is not.
    #[must_use]
    pub fn is_async(&self) -> bool {
        self.0.is_async
    }

    /// The guards, in the order breaker, budget, bulkhead.
    #[must_use]
    pub fn guards(&self) -> Vec<SiteGuard> {
        self.guards_made().map(|(guard, _)| guard).collect()
    }

    /// The lints that the key `allow` silences here.
    #[must_use]
    pub fn allowed(&self) -> &'static [Lint] {
        self.0.allowed
    }

    /// How long a call can take at most, and how many attempts it can have; `None` if the policy depends on generics.
    ///
    /// As [`Policy::worst_case`], with what else is known: whether anything cuts an attempt, whether an error can come with a hint, and how
    /// long the bulkhead may let each attempt wait.
    #[must_use]
    pub fn worst_case(&self) -> Option<WorstCase> {
        let conditions = Conditions {
            cuts: self.0.is_async,
            hints: self.0.hints,
            queue: self.queue(),
        };
        Some(WorstCase::of(self.0.policy?, &conditions))
    }

    /// Whether the caller can get an outcome of which no error can be made.
    pub(super) const fn carries_stops(self) -> bool {
        self.0.carries_stops
    }

    pub(super) fn guard(self, kind: GuardKind) -> Option<SiteGuard> {
        self.guards().into_iter().find(|guard| guard.kind == kind)
    }

    pub(super) fn place(self) -> String {
        format!("{}:{}", self.file(), self.line())
    }

    /// The policy in words, also where there is none.
    pub(super) fn policy_text(self) -> String {
        self.policy().map_or_else(
            || "depends on generics".to_owned(),
            |policy| Written(policy).to_string(),
        )
    }

    fn guards_made(self) -> impl Iterator<Item = (SiteGuard, Option<Made>)> {
        let mut statics = self.0.static_guards();
        [
            (GuardKind::Breaker, self.0.breaker),
            (GuardKind::Budget, self.0.budget),
            (GuardKind::Bulkhead, self.0.bulkhead),
        ]
        .into_iter()
        .filter_map(move |(kind, named)| {
            let named = named?;
            let made = named.is_static.then(|| statics.next()?.made()).flatten();
            let guard = SiteGuard {
                kind,
                name: made.as_ref().map(|made| made.name),
                written: named.written,
            };
            Some((guard, made))
        })
    }

    /// How long each attempt may wait for the bulkhead, if that is known.
    fn queue(self) -> Option<Duration> {
        let mut guards = self.guards_made();
        match guards.find(|(guard, _)| guard.kind == GuardKind::Bulkhead) {
            None => Some(Duration::ZERO),
            Some((_, made)) => made.map(|made| made.longest_wait),
        }
    }
}

impl fmt::Display for SiteInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.operation(), self.place())
    }
}

impl fmt::Debug for SiteInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SiteInfo")
            .field("operation", &self.operation())
            .field("module", &self.module())
            .field("place", &format_args!("{}", self.place()))
            .field("policy", &self.policy())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for SiteGuard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.as_str();
        match self.name {
            Some(name) => write!(formatter, "{kind} \"{name}\""),
            None => write!(formatter, "{kind} {}", self.written),
        }
    }
}

/// As in [`Report::to_json`](super::Report::to_json).
impl Serialize for SiteInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Data::of(*self).serialize(serializer)
    }
}

/// A site in a file.
#[derive(Serialize)]
struct Data {
    operation: &'static str,
    module: &'static str,
    file: &'static str,
    line: u32,
    r#async: bool,
    attempts: Option<u32>,
    worst_case: Option<WorstCaseData>,
    guards: Vec<GuardData>,
    policy: Option<&'static Policy>,
    policy_text: String,
    allow: Vec<&'static str>,
}

#[derive(Serialize)]
struct WorstCaseData {
    seconds: Option<f64>,
    uncut_attempts: u32,
    unknown_queue: bool,
    text: String,
}

#[derive(Serialize)]
struct GuardData {
    kind: &'static str,
    name: Option<&'static str>,
    written: &'static str,
}

impl Data {
    fn of(site: SiteInfo) -> Self {
        let worst_case = site.worst_case();
        Self {
            operation: site.operation(),
            module: site.module(),
            file: site.file(),
            line: site.line(),
            r#async: site.is_async(),
            attempts: worst_case.and_then(|worst| worst.attempts),
            worst_case: worst_case.map(|worst| WorstCaseData {
                seconds: worst.bounded.map(|bounded| bounded.as_secs_f64()),
                uncut_attempts: worst.uncut_attempts,
                unknown_queue: worst.unknown_queue,
                text: worst.to_string(),
            }),
            guards: site
                .guards()
                .into_iter()
                .map(|guard| GuardData {
                    kind: guard.kind.as_str(),
                    name: guard.name,
                    written: guard.written,
                })
                .collect(),
            policy: site.policy().filter(|policy| policy.is_data()),
            policy_text: site.policy_text(),
            allow: site.allowed().iter().map(|lint| lint.as_str()).collect(),
        }
    }
}
