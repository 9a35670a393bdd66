//! Every `#[retry]` in the linked program, and lints over them. Feature `inventory`.
//!
//! What is retried, and what can the worst case be? [`sites()`](sites) has every function with `#[retry]` and every method that
//! `#[retry_methods]` retries, those in dependencies included, whether they are ever called or not. [`report()`](report) prints them:
//!
//! ```
//! use retry_core::retry;
//! use std::io;
//!
//! #[retry(attempts = 5, deadline = "30s")]
//! fn place_order() -> io::Result<()> {
//!     Ok(())
//! }
//!
//! let report = retry_core::report();
//! println!("{report}");
//! // operation    module  place          call      attempts  worst case          guards  policy
//! // place_order  shop    src/main.rs:4  blocking         5  30s + last attempt          backoff = exponential("100ms"), deadline = "30s"
//! # let site = report.sites().iter().find(|site| site.operation() == "place_order").unwrap();
//! # assert_eq!(site.worst_case().unwrap().to_string(), "30s + last attempt");
//! ```
//!
//! [`Lints`] finds what is most often a mistake; [`testing::assert_lints_clean`](crate::testing::assert_lints_clean) makes that one line in a
//! test suite.
//!
//! # What is in it
//!
//! Sites of the attributes. A [`Call`](crate::Call) that is made by hand is no site, and what [`Policy::call`](crate::Policy::call) is given
//! at run time is not known beforehand.
//!
//! A policy that depends on generics, or on `Self` in an `impl` block without `#[retry_methods]`, has no value of its own: such a site is
//! listed without it. In a method under a plain `#[retry]`, that is also assumed of a constant whose path begins with a type, as in
//! `attempts = Config::ATTEMPTS`.
//!
//! # Where it works
//!
//! The sites announce themselves before `main`, by the [`inventory`](https://docs.rs/inventory) crate: on Linux, Android, macOS, iOS, Windows, the
//! BSDs, illumos and WebAssembly; elsewhere the list is empty. A WebAssembly module that is no command has to call `__wasm_call_ctors` first,
//! as the documentation of that crate describes. A dependency is linked only if something names it: in a test, `use my_service as _;` does.
//!
//! The sites cost a few hundred bytes each and nothing when they are called. In a crate with `#![forbid(nonstandard_style)]` or
//! `#![forbid(warnings)]`, write `deny`: an announcement holds an `#[allow]`, which `forbid` refuses.

mod entry;
mod json;
mod lint;
mod lints;
mod report;
mod site;
mod written;

pub use self::entry::SiteEntry;
pub use self::lint::{Lint, UnknownLint};
pub use self::lints::{Finding, Lints};
pub use self::report::Report;
pub use self::site::{SiteGuard, SiteInfo};
use crate::registry::Register;

/// Every site in the linked program, in the order of file, line and operation.
///
/// ```
/// # use retry_core::retry;
/// # use std::io;
/// #[retry(attempts = 5)]
/// fn fetch_user() -> io::Result<()> {
///     Ok(())
/// }
///
/// let mut sites = retry_core::sites().into_iter();
/// let site = sites.find(|site| site.operation() == "fetch_user").unwrap();
/// assert_eq!(site.policy().unwrap().max_attempts(), Some(5));
/// assert_eq!(site.module(), module_path!());
/// ```
#[must_use]
pub fn sites() -> Vec<SiteInfo> {
    let mut sites: Vec<SiteInfo> = entry::all().map(SiteInfo::new).collect();
    sites.sort_by_key(|site| (site.file(), site.line(), site.operation(), site.module()));
    sites
}

/// [`sites()`](sites) as a table to print, as Markdown or as JSON.
///
/// ```
/// let report = retry_core::report();
/// println!("{report}");
/// std::fs::write(std::env::temp_dir().join("retries.md"), report.to_markdown())?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn report() -> Report {
    Report::new(sites())
}

/// The guards that are named as statics.
pub(crate) fn static_guards() -> impl Iterator<Item = &'static dyn Register> {
    entry::all().flat_map(SiteEntry::static_guards)
}
