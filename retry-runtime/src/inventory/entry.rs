//! What a site says of itself when the program is linked: [`SiteEntry`].

use std::panic::Location;

use super::lint::Lint;
use crate::policy::Policy;
use crate::registry::Register;
use crate::site::{Site, SiteGuards};

/// What the expansion of the attribute says of its site. Not for people.
pub struct SiteEntry {
    pub(super) operation: &'static str,
    pub(super) module: &'static str,
    pub(super) file: &'static str,
    pub(super) line: u32,
    /// `None` if it depends on generics.
    pub(super) policy: Option<&'static Policy>,
    pub(super) is_async: bool,
    /// Whether a failure can come with a hint when to come back.
    pub(super) hints: bool,
    /// False if the caller gets an outcome without a way to make an error of a stop.
    pub(super) carries_stops: bool,
    pub(super) allowed: &'static [Lint],
    pub(super) breaker: Option<NamedGuard>,
    pub(super) budget: Option<NamedGuard>,
    pub(super) bulkhead: Option<NamedGuard>,
    /// Those of the three that are statics, in the same order.
    statics: Option<&'static SiteGuards>,
}

/// A guard as the attribute names it.
#[derive(Clone, Copy)]
pub(super) struct NamedGuard {
    pub(super) written: &'static str,
    pub(super) is_static: bool,
}

inventory::collect!(SiteEntry);

/// All there are, in no order.
pub(super) fn all() -> impl Iterator<Item = &'static SiteEntry> {
    inventory::iter::<SiteEntry>.into_iter()
}

impl SiteEntry {
    /// Of a site that is a static.
    #[must_use]
    pub const fn of(site: &'static Site) -> Self {
        let mut entry = Self::at(site.operation(), site.module(), site.file(), site.line());
        entry.policy = Some(site.policy());
        entry
    }

    /// Of this place, where the site depends on generics.
    #[must_use]
    #[track_caller]
    pub const fn here(operation: &'static str, module: &'static str) -> Self {
        let place = Location::caller();
        Self::at(operation, module, place.file(), place.line())
    }

    const fn at(
        operation: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
    ) -> Self {
        Self {
            operation,
            module,
            file,
            line,
            policy: None,
            is_async: false,
            hints: true,
            carries_stops: true,
            allowed: &[],
            breaker: None,
            budget: None,
            bulkhead: None,
            statics: None,
        }
    }

    /// The policy, where only the operation's name depends on generics.
    #[must_use]
    pub const fn policy(mut self, policy: &'static Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// The guards that are statics.
    #[must_use]
    pub const fn guarded_by(mut self, guards: &'static SiteGuards) -> Self {
        self.statics = Some(guards);
        self
    }

    /// The function is async.
    #[must_use]
    pub const fn asynchronous(mut self) -> Self {
        self.is_async = true;
        self
    }

    /// No failure can come with a hint.
    #[must_use]
    pub const fn without_hints(mut self) -> Self {
        self.hints = false;
        self
    }

    /// Whether the error can be made from a `Stopped`, which nobody has asked for.
    #[must_use]
    pub const fn carries_stops(mut self, carries: bool) -> Self {
        self.carries_stops = carries;
        self
    }

    /// The key `allow`.
    #[must_use]
    pub const fn allow(mut self, lints: &'static [Lint]) -> Self {
        self.allowed = lints;
        self
    }

    /// The key `breaker`.
    #[must_use]
    pub const fn breaker(mut self, written: &'static str, is_static: bool) -> Self {
        self.breaker = Some(NamedGuard { written, is_static });
        self
    }

    /// The key `budget`.
    #[must_use]
    pub const fn budget(mut self, written: &'static str, is_static: bool) -> Self {
        self.budget = Some(NamedGuard { written, is_static });
        self
    }

    /// The key `bulkhead`.
    #[must_use]
    pub const fn bulkhead(mut self, written: &'static str, is_static: bool) -> Self {
        self.bulkhead = Some(NamedGuard { written, is_static });
        self
    }

    pub(super) fn static_guards(&self) -> impl Iterator<Item = &'static dyn Register> + use<> {
        let guards = self.statics.map_or(&[] as &[_], SiteGuards::get);
        guards.iter().copied()
    }
}
