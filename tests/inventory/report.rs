//! The report, word for word, in `golden/`. `UPDATE_EXPECT=1 cargo test --test inventory` writes what it says now.

use expect_test::expect_file;
use retry_core::Policy;
use retry_core::inventory::Report;

fn shop() -> Report {
    retry_core::report().only("inventory::shop")
}

#[test]
fn a_table_for_a_terminal() {
    expect_file!["./golden/report.txt"].assert_eq(&shop().to_string());
}

#[test]
fn a_table_in_markdown() {
    expect_file!["./golden/report.md"].assert_eq(&shop().to_markdown());
}

#[test]
fn json_with_an_object_for_each_site() {
    expect_file!["./golden/report.json"].assert_eq(&shop().to_json());
}

#[test]
fn only_whole_words_of_a_path_are_a_module() {
    assert!(!shop().sites().is_empty());
    assert!(
        retry_core::report()
            .only("inventory::sho")
            .sites()
            .is_empty()
    );
    let all = retry_core::report().sites().len();
    assert!(shop().sites().len() < all);
    let crates = ["inventory", "retry_lints"];
    let parts = crates.map(|name| retry_core::report().only(name).sites().len());
    assert_eq!(parts.iter().sum::<usize>(), all);
}

#[test]
fn an_empty_report_has_only_headings() {
    let nothing = retry_core::report().only("nobody");
    assert_eq!(
        nothing.to_string(),
        "operation  module  place  call  attempts  worst case  guards  policy\n"
    );
    assert_eq!(nothing.to_markdown().lines().count(), 2);
    assert_eq!(nothing.to_json(), "[]");
}

#[test]
fn what_is_in_json_is_what_is_known() {
    let report = retry_core::report();
    let data: Vec<serde_json::Value> = serde_json::from_str(&report.to_json()).expect("it is JSON");
    assert_eq!(data.len(), report.sites().len());
    for (site, data) in report.sites().iter().zip(data) {
        assert_eq!(data["operation"], site.operation());
        assert_eq!(data["line"], site.line());
        let worst = site.worst_case().map(|worst| worst.to_string());
        assert_eq!(data["worst_case"]["text"].as_str(), worst.as_deref());
        let deadline = site.policy().and_then(Policy::max_elapsed);
        let deadline = deadline.map(|deadline| deadline.as_secs_f64());
        assert_eq!(data["policy"]["deadline"].as_f64(), deadline);
    }
}
