//! What is known of a site: [`SiteInfo`].

use std::fmt;
use std::time::Duration;

use super::entry::SiteEntry;
use super::json::Json;
use super::lint::Lint;
use super::written::Written;
use crate::policy::Policy;
use crate::registry::Made;
use crate::worst_case::{Conditions, WorstCase};

/// One function with `#[retry]`, or one method that `#[retry_methods]` retries.
///
/// [`sites()`](super::sites) lists them. Printed, it is the operation and its place: `fetch_user (src/users.rs:12)`.
///
/// ```
/// // What may run for more than a minute?
/// for site in retry_core::sites() {
///     let limit = site.worst_case().and_then(|worst| worst.bounded);
///     if limit.is_none_or(|limit| limit.as_secs() > 60) {
///         println!("{site} in {}, guarded by {:?}", site.module(), site.guards());
///     }
/// }
/// ```
#[derive(Clone, Copy)]
pub struct SiteInfo(&'static SiteEntry);

/// A guard of a site. Printed, it is as in the [`Report`](super::Report): `breaker "payments"`, or `breaker self.breaker`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SiteGuard {
    /// The key of the attribute that it stands behind: `breaker`, `budget` or `bulkhead`.
    pub key: &'static str,
    /// Its name, if it is a `static`. Unknown of one in a `LazyLock`, which is not made only to be listed, and of a place such as
    /// `self.breaker`, which may be another one in each call.
    pub name: Option<&'static str>,
    /// What the attribute says, such as `PAYMENTS` or `self.breaker`.
    pub written: &'static str,
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

    pub(super) fn guard(self, key: &str) -> Option<SiteGuard> {
        self.guards().into_iter().find(|guard| guard.key == key)
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
            ("breaker", self.0.breaker),
            ("budget", self.0.budget),
            ("bulkhead", self.0.bulkhead),
        ]
        .into_iter()
        .filter_map(move |(key, named)| {
            let named = named?;
            let made = named.is_static.then(|| statics.next()?.made()).flatten();
            let guard = SiteGuard {
                key,
                name: made.as_ref().map(|made| made.name),
                written: named.written,
            };
            Some((guard, made))
        })
    }

    /// How long each attempt may wait for the bulkhead, if that is known.
    fn queue(self) -> Option<Duration> {
        let mut guards = self.guards_made();
        match guards.find(|(guard, _)| guard.key == "bulkhead") {
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
        let Self { key, name, written } = self;
        match name {
            Some(name) => write!(formatter, "{key} \"{name}\""),
            None => write!(formatter, "{key} {written}"),
        }
    }
}

/// The fields of [`Report::to_json`](super::Report::to_json).
impl From<SiteInfo> for Json {
    fn from(site: SiteInfo) -> Self {
        let worst_case = site.worst_case();
        let guards = site.guards().into_iter().map(Self::from);
        let allowed = site.allowed().iter().map(|lint| Self::text(lint.as_str()));
        Self::Object(vec![
            ("operation", Self::text(site.operation())),
            ("module", Self::text(site.module())),
            ("file", Self::text(site.file())),
            ("line", Self::Whole(site.line())),
            ("async", Self::Bool(site.is_async())),
            (
                "attempts",
                Self::or_null(worst_case.and_then(|worst| worst.attempts), Self::Whole),
            ),
            ("worst_case", Self::or_null(worst_case, Self::from)),
            ("guards", Self::List(guards.collect())),
            ("policy", Self::or_null(site.policy(), Self::from)),
            ("allow", Self::List(allowed.collect())),
        ])
    }
}

impl From<WorstCase> for Json {
    fn from(worst: WorstCase) -> Self {
        Self::Object(vec![
            ("seconds", Self::or_null(worst.bounded, Self::seconds)),
            ("uncut_attempts", Self::Whole(worst.uncut_attempts)),
            ("unknown_queue", Self::Bool(worst.unknown_queue)),
            ("text", Self::text(worst.to_string())),
        ])
    }
}

impl From<SiteGuard> for Json {
    fn from(guard: SiteGuard) -> Self {
        Self::Object(vec![
            ("key", Self::text(guard.key)),
            ("name", Self::or_null(guard.name, Self::text)),
            ("written", Self::text(guard.written)),
        ])
    }
}

impl From<&Policy> for Json {
    fn from(policy: &Policy) -> Self {
        let hint = policy
            .honors_retry_after()
            .then(|| policy.longest_retry_after());
        Self::Object(vec![
            (
                "attempts",
                Self::or_null(policy.max_attempts(), Self::Whole),
            ),
            (
                "deadline",
                Self::or_null(policy.max_elapsed(), Self::seconds),
            ),
            (
                "attempt_timeout",
                Self::or_null(policy.max_attempt_duration(), Self::seconds),
            ),
            ("retry_after_max", Self::or_null(hint, Self::seconds)),
            ("text", Self::text(Written(policy).to_string())),
        ])
    }
}
