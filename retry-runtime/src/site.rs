//! Where a retry is written: [`Site`].

use std::panic::Location;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::policy::Policy;
use crate::registry::Register;

/// What every call has: a policy and the name of what is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) operation: &'static str,
}

/// One `#[retry]` in the source.
///
/// The attribute makes it; it is a constant.
///
/// ```
/// use retry_core::{Policy, Site};
///
/// const POLICY: Policy = Policy::new();
/// const SITE: Site = Site::new("fetch_user", module_path!(), file!(), line!(), &POLICY);
/// assert_eq!(SITE.operation(), "fetch_user");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Site {
    pub(crate) plan: Plan<'static>,
    module: &'static str,
    file: &'static str,
    line: u32,
}

/// The `static` guards that a site names.
pub struct SiteGuards {
    guards: &'static [&'static dyn Register],
    /// Whether they have been registered. If two threads see that they have not, registering twice does nothing.
    registered: AtomicBool,
}

impl SiteGuards {
    /// These.
    #[must_use]
    pub const fn new(guards: &'static [&'static dyn Register]) -> Self {
        Self {
            guards,
            registered: AtomicBool::new(false),
        }
    }

    #[cfg(feature = "inventory")]
    pub(crate) const fn get(&self) -> &'static [&'static dyn Register] {
        self.guards
    }

    /// Makes them known, once.
    #[inline]
    pub(crate) fn register_once(&self) {
        if !self.registered.load(Ordering::Relaxed) {
            self.register();
        }
    }

    #[cold]
    fn register(&self) {
        for guard in self.guards {
            guard.register();
        }
        self.registered.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for SiteGuards {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SiteGuards")
            .field("count", &self.guards.len())
            .finish_non_exhaustive()
    }
}

impl Site {
    /// Describes a place in the source.
    #[must_use]
    pub const fn new(
        operation: &'static str,
        module: &'static str,
        file: &'static str,
        line: u32,
        policy: &'static Policy,
    ) -> Self {
        Self {
            plan: Plan { policy, operation },
            module,
            file,
            line,
        }
    }

    /// Describes the place of this call.
    ///
    /// ```
    /// use retry_core::{Policy, Site};
    ///
    /// static POLICY: Policy = Policy::new();
    /// static SITE: Site = Site::here("fetch_user", module_path!(), &POLICY);
    /// assert_eq!((SITE.file(), SITE.line()), (file!(), line!() - 1));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn here(
        operation: &'static str,
        module: &'static str,
        policy: &'static Policy,
    ) -> Self {
        let place = Location::caller();
        Self::new(operation, module, place.file(), place.line(), policy)
    }

    /// The name of what is called.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        self.plan.operation
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &'static Policy {
        self.plan.policy
    }

    /// The module's path.
    #[must_use]
    pub const fn module(&self) -> &'static str {
        self.module
    }

    /// The source file.
    #[must_use]
    pub const fn file(&self) -> &'static str {
        self.file
    }

    /// The line of the attribute, or of the method where one attribute is for many.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }
}
