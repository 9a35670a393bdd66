//! Sites and guards of a library that is linked, and of which nothing is called.

use retry_core::inventory::SiteInfo;
use retry_core::{Bulkhead, CircuitBreaker, Policy, registry, sites};
use retry_lints as _;

#[test]
fn a_dependency_has_its_sites_in_the_list() {
    let site = |operation: &str| {
        let mut sites = sites().into_iter();
        sites
            .find(|site| site.module() == "retry_lints::functions" && site.operation() == operation)
            .unwrap_or_else(|| panic!("`{operation}` is not in the list"))
    };
    assert_eq!(site("plain").file(), "tests/lints/functions.rs");
    assert!(site("plain_async").is_async());
    assert_eq!(
        site("read").policy().map(Policy::max_attempts),
        Some(Some(4))
    );
    assert_eq!(site("shaped").policy(), None);
    let guards: Vec<String> = site("guarded")
        .guards()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        guards,
        [
            "breaker \"lints\"",
            "budget \"lints\"",
            "bulkhead \"lints\""
        ]
    );
}

#[test]
fn the_guards_of_a_dependency_are_known_from_the_start() {
    let breaker = registry::find::<CircuitBreaker>("lints").expect("it is linked");
    assert_eq!(breaker.snapshot().name, "lints");
    let bulkheads = registry::list::<Bulkhead>();
    let names: Vec<&str> = bulkheads.iter().map(|found| found.name()).collect();
    assert_eq!(
        names,
        [
            "connections",
            "limits",
            "limits without a queue",
            "lints",
            "places"
        ]
    );
    assert_eq!(registry::conflicts(), []);
}

#[test]
fn what_is_lazy_is_not_made_to_be_found() {
    let guards = |site: &SiteInfo| site.guards().len();
    assert!(sites().iter().map(guards).sum::<usize>() > 0);
    assert!(registry::find::<CircuitBreaker>("search").is_err());
}

#[test]
fn the_order_is_that_of_file_line_and_operation() {
    let keys = || {
        let key = |site: &SiteInfo| (site.file(), site.line(), site.operation());
        sites().iter().map(key).collect::<Vec<_>>()
    };
    let mut sorted = keys();
    sorted.sort_unstable();
    assert_eq!(keys(), sorted);
}
