//! The list of the sites, the report, and the lints. Nothing here is called: a site is in the list because it is linked.
#![expect(
    dead_code,
    reason = "a site is in the list whether it is called or not"
)]

mod assertion;
mod dependency;
mod findings;
mod forms;
mod limits;
mod linted;
mod report;
mod shop;

use retry_core::inventory::SiteInfo;

/// The site of this operation in a module of these tests.
#[track_caller]
fn site(module: &str, operation: &str) -> SiteInfo {
    let module = format!("{}::{module}", module_path!());
    let mut sites = retry_core::sites().into_iter();
    sites
        .find(|site| site.module().starts_with(&module) && site.operation() == operation)
        .unwrap_or_else(|| panic!("`{operation}` is not in the list"))
}
