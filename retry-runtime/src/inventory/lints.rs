//! What is most often a mistake: [`Lints`] over the sites, each in a file of its own.

mod conflict;
mod conversion;
mod effect;
mod jitter;
mod load;
mod unlimited;
mod worst_case;

use std::fmt;
use std::time::Duration;

use super::lint::Lint;
use super::report::is_within;
use super::site::SiteInfo;
use super::sites;

/// Which lints are checked, and where.
///
/// All of them are, at all sites of the program, dependencies included, unless something is said here, or by the key `allow` at a site. A site
/// of which the policy is unknown passes what is about policies.
///
/// ```
/// use retry_core::{Lint, Lints};
/// use std::time::Duration;
///
/// let findings = Lints::new()
///     .worst_case(Duration::from_secs(60))
///     .allow(Lint::BreakerWithoutBudget)
///     .allow_in("other_crate::cache", "shared_without_jitter")
///     .ignore("another_crate")
///     .check();
/// for finding in findings {
///     eprintln!("{finding}\n");
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Lints {
    longest: Option<Duration>,
    silenced: Vec<Silenced>,
}

/// A lint that says nothing of the sites in a module.
#[derive(Clone, Debug)]
struct Silenced {
    /// `None` for all of them.
    lint: Option<Lint>,
    /// `None` for everywhere.
    module: Option<String>,
}

/// What a lint says of a site, or of several. [`Lints::check`] gives them.
///
/// Prints as a message of the compiler does:
///
/// ```text
/// warning[breaker_without_budget]: `pay` retries behind the breaker "payments" without a budget
///   --> src/payments.rs:31
///    = help: name a `Budget`, as in `budget = RETRIES`
///    = note: `allow(breaker_without_budget)` silences this
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The lint.
    pub lint: Lint,
    /// The sites, in the order of [`sites()`](super::sites).
    pub sites: Vec<SiteInfo>,
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub help: String,
}

impl Lints {
    /// All lints, everywhere, without a limit on the worst case.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long a call may take in the worst case; without it, [`Lint::LongWorstCase`] says nothing.
    #[must_use]
    pub fn worst_case(mut self, longest: Duration) -> Self {
        self.longest = Some(longest);
        self
    }

    /// Silences a lint everywhere, by itself or by its id.
    ///
    /// # Panics
    ///
    /// If there is no lint of this id.
    ///
    /// ```should_panic
    /// // there is no lint `braker_without_budget`; there are …
    /// retry_core::Lints::new().allow("braker_without_budget");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn allow<L>(self, lint: L) -> Self
    where
        L: TryInto<Lint>,
        L::Error: fmt::Display,
    {
        self.silence(Some(known(lint)), None)
    }

    /// Silences a lint at the sites in a crate or a module: `my_crate::module`, as `module_path!()` has it.
    ///
    /// # Panics
    ///
    /// If there is no lint of this id.
    #[must_use]
    #[track_caller]
    pub fn allow_in<L>(self, module: &str, lint: L) -> Self
    where
        L: TryInto<Lint>,
        L::Error: fmt::Display,
    {
        self.silence(Some(known(lint)), Some(module))
    }

    /// Silences all lints at the sites in a crate or a module. An operation that another site shares with them is still a shared one.
    #[must_use]
    pub fn ignore(self, module: &str) -> Self {
        self.silence(None, Some(module))
    }

    fn silence(mut self, lint: Option<Lint>, module: Option<&str>) -> Self {
        self.silenced.push(Silenced {
            lint,
            module: module.map(str::to_owned),
        });
        self
    }

    /// What the lints say of this program, lint by lint.
    #[must_use]
    pub fn check(&self) -> Vec<Finding> {
        let sites = sites();
        Lint::ALL
            .into_iter()
            .flat_map(|lint| {
                let checked = Checked {
                    lint,
                    all: &sites,
                    heard: sites
                        .iter()
                        .copied()
                        .filter(|site| self.hears(lint, *site))
                        .collect(),
                    longest: self.longest,
                };
                match lint {
                    Lint::UnlimitedWithoutDeadline => unlimited::check(&checked),
                    Lint::LongWorstCase => worst_case::check(&checked),
                    Lint::TimeoutWithoutConversion => conversion::check(&checked),
                    Lint::TimeoutWithoutEffect => effect::check(&checked),
                    Lint::SharedWithoutJitter => jitter::check(&checked),
                    Lint::ConflictingPolicies => conflict::check(&checked),
                    Lint::BreakerWithoutBudget => load::check(&checked),
                }
            })
            .collect()
    }

    fn hears(&self, lint: Lint, site: SiteInfo) -> bool {
        let silenced = self.silenced.iter().any(|silenced| {
            silenced.lint.is_none_or(|silenced| silenced == lint)
                && silenced
                    .module
                    .as_deref()
                    .is_none_or(|module| is_within(site.module(), module))
        });
        !silenced && !site.allowed().contains(&lint)
    }
}

#[track_caller]
fn known<L>(lint: L) -> Lint
where
    L: TryInto<Lint>,
    L::Error: fmt::Display,
{
    match lint.try_into() {
        Ok(lint) => lint,
        Err(error) => panic!("{error}"),
    }
}

/// What one lint looks at.
struct Checked<'a> {
    lint: Lint,
    all: &'a [SiteInfo],
    /// Those of which it may say something.
    heard: Vec<SiteInfo>,
    longest: Option<Duration>,
}

impl Checked<'_> {
    /// What is said of each site by itself: what is wrong, and what to write.
    fn each(&self, say: impl Fn(SiteInfo) -> Option<(String, String)>) -> Vec<Finding> {
        let findings = self.heard.iter().filter_map(|site| {
            let (message, help) = say(*site)?;
            Some(self.finding(vec![*site], message, help))
        });
        findings.collect()
    }

    fn finding(&self, sites: Vec<SiteInfo>, message: String, help: String) -> Finding {
        Finding {
            lint: self.lint,
            sites,
            message,
            help,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "warning[{}]: {}", self.lint, self.message)?;
        for site in &self.sites {
            writeln!(formatter, "  --> {}", site.place())?;
        }
        writeln!(formatter, "   = help: {}", self.help)?;
        write!(formatter, "   = note: `allow({})` silences this", self.lint)
    }
}
