//! What each lint says of the sites in `linted.rs`, in `golden/`, and how it is silenced. `UPDATE_EXPECT=1 cargo test --test inventory` writes
//! what is said now.

use std::time::Duration;

use expect_test::expect_file;
use retry_core::{Lint, Lints};

const SECOND: Duration = Duration::from_secs(1);

/// What is said of the sites in a module.
fn said(lints: &Lints, module: &str) -> Vec<String> {
    let module = format!("inventory::linted::{module}");
    let findings = lints.check().into_iter();
    findings
        .filter(|finding| finding.sites[0].module() == module)
        .map(|finding| finding.to_string())
        .collect()
}

/// Compares it with the golden file of the same name.
#[track_caller]
fn check(module: &str, lints: &Lints) {
    let text = said(lints, module).join("\n\n") + "\n";
    expect_file![format!("./golden/{module}.txt")].assert_eq(&text);
}

#[test]
fn nothing_ends_a_call_that_keeps_failing() {
    check("unlimited", &Lints::new());
}

#[test]
fn a_call_can_take_longer_than_it_should() {
    assert_eq!(
        said(&Lints::new(), "worst_case"),
        [""; 0],
        "nobody has said how long"
    );
    check("worst_case", &Lints::new().worst_case(30 * SECOND));
}

#[test]
fn an_attempt_that_is_cut_leaves_no_error_behind() {
    check("conversion", &Lints::new());
}

#[test]
fn nothing_cuts_an_attempt_of_a_blocking_function() {
    check("effect", &Lints::new());
}

#[test]
fn callers_that_failed_together_come_back_together() {
    check("jitter", &Lints::new());
}

#[test]
fn one_operation_is_retried_in_more_than_one_way() {
    check("conflict", &Lints::new());
}

#[test]
fn retries_add_to_the_load_until_the_circuit_opens() {
    check("load", &Lints::new());
}

#[test]
fn a_lint_is_silenced_by_itself_or_by_its_id() {
    let by_itself = Lints::new().allow(Lint::UnlimitedWithoutDeadline);
    assert_eq!(said(&by_itself, "unlimited"), [""; 0]);
    let by_its_id = Lints::new().allow("unlimited_without_deadline");
    assert_eq!(said(&by_its_id, "unlimited"), [""; 0]);
    let another = Lints::new().allow("breaker_without_budget");
    assert_eq!(said(&another, "unlimited").len(), 1);
}

#[test]
fn a_lint_is_silenced_in_a_module() {
    let id = "unlimited_without_deadline";
    let lints = |module| Lints::new().allow_in(module, id);
    assert_eq!(said(&lints("inventory"), "unlimited").len(), 0);
    let exactly = lints("inventory::linted::unlimited");
    assert_eq!(said(&exactly, "unlimited").len(), 0);
    assert_eq!(
        said(&lints("inventory::linted::load"), "unlimited").len(),
        1
    );
    assert_eq!(said(&lints("inventory::lint"), "unlimited").len(), 1);
    let lints = lints("inventory").worst_case(30 * SECOND);
    assert_eq!(
        said(&lints, "worst_case").len(),
        2,
        "the others are still heard"
    );
}

#[test]
fn all_lints_are_silenced_in_a_module() {
    let lints = Lints::new().worst_case(SECOND).ignore("inventory::linted");
    for module in ["unlimited", "worst_case", "load", "conflict"] {
        assert_eq!(said(&lints, module).len(), 0, "{module}");
    }
    assert!(!lints.check().is_empty(), "there are other modules");
}

#[test]
#[should_panic(
    expected = "there is no lint `braker_without_budget`; there are `unlimited_without_deadline`, `long_worst_case`"
)]
fn a_lint_that_does_not_exist_is_an_error() {
    let _ = Lints::new().allow("braker_without_budget");
}

#[test]
fn a_lint_has_a_stable_id() {
    for lint in Lint::ALL {
        assert_eq!(lint.as_str().parse(), Ok(lint));
    }
    let ids = Lint::ALL.map(Lint::as_str);
    assert_eq!(
        ids,
        [
            "unlimited_without_deadline",
            "long_worst_case",
            "timeout_without_conversion",
            "timeout_without_effect",
            "shared_without_jitter",
            "conflicting_policies",
            "breaker_without_budget",
        ]
    );
}
