//! The list of a program's sites, in each of its forms.

use crate::{line, printed_by, run, text};

#[test]
fn every_site_is_listed_with_its_worst_case_and_what_a_lint_says() {
    let printed = printed_by("inventory");
    assert!(line(&printed, "pay ").contains("10s"));
    assert!(line(&printed, "refund").contains("1m + last attempt"));
    assert!(line(&printed, "Users::find").contains("4m + 3 attempts"));
    assert!(line(&printed, "Users::watch").contains("unlimited  unbounded"));
    assert!(line(&printed, "and ").contains("in the library retry_lints"));

    let findings = printed.lines().filter(|line| line.starts_with("warning["));
    let findings: Vec<&str> = findings.filter_map(|line| line.split('`').next()).collect();
    assert_eq!(
        findings,
        [
            "warning[long_worst_case]: a call of ",
            "warning[breaker_without_budget]: "
        ]
    );
}

#[test]
fn the_list_is_there_as_markdown_and_as_json() {
    let markdown = run("inventory", &["markdown"]);
    assert!(text(&markdown.stdout).contains("\n| `refund` | `inventory::payments` |"));
    let json = run("inventory", &["json"]);
    let sites: Vec<serde_json::Value> = serde_json::from_slice(&json.stdout).expect("it is JSON");
    let refund = sites.iter().find(|site| site["operation"] == "refund");
    assert_eq!(
        refund.map(|site| &site["worst_case"]["seconds"]),
        Some(&60.into())
    );
    assert_eq!(
        sites.len(),
        text(&markdown.stdout).lines().count() - 2,
        "a row for each, under two lines of headings"
    );
}

#[test]
fn another_form_is_refused_with_the_usage() {
    let output = run("inventory", &["yaml"]);
    assert!(text(&output.stderr).contains("\nusage: inventory [markdown|json]"));
    assert_eq!(output.status.code(), Some(2));
}
