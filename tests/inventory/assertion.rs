//! One line in a test suite.

use std::io;
use std::panic::catch_unwind;

use retry_core::{Lints, retry, testing};

#[retry(attempts = unlimited)]
fn endless() -> io::Result<()> {
    Ok(())
}

#[retry(attempts = unlimited, operation = "endless too")]
fn endless_too() -> io::Result<()> {
    Ok(())
}

/// What the assertion panics with.
fn complaint(lints: &Lints) -> String {
    let panic = catch_unwind(|| testing::assert_lints_clean_with(lints)).expect_err("not clean");
    *panic.downcast::<String>().expect("it is text")
}

/// The lints of these two sites alone.
fn here() -> Lints {
    let others = ["dependency", "linted", "forms", "limits", "report", "shop"];
    let lints = Lints::new().ignore("retry_lints");
    others.into_iter().fold(lints, |lints, module| {
        lints.ignore(&format!("inventory::{module}"))
    })
}

#[test]
fn it_panics_with_all_findings() {
    let complaint = complaint(&here());
    let (first, findings) = complaint.split_once("\n\n").expect("there is a headline");
    assert_eq!(
        first,
        "2 findings of the lints over the retries of this program:"
    );
    let findings: Vec<&str> = findings.trim_end().split("\n\n").collect();
    assert_eq!(findings.len(), 2);
    assert!(findings[0].starts_with(
        "warning[unlimited_without_deadline]: `endless` has neither a limit on attempts nor a deadline"
    ));
    assert!(findings[1].contains(&format!("  --> {}:", file!())));
}

#[test]
fn it_passes_if_nothing_is_found() {
    testing::assert_lints_clean_with(&here().allow("unlimited_without_deadline"));
}

#[test]
#[should_panic(expected = "findings of the lints over the retries of this program:")]
fn by_default_every_lint_is_heard_everywhere() {
    testing::assert_lints_clean();
}
