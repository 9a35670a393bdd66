//! A flaky model, and one that is gone.

use crate::{figures, printed_by};

/// What is printed of a mail: where it goes, who says so, and what happened.
fn mail<'a>(printed: &'a str, mail: &str) -> [&'a str; 3] {
    let line = crate::line(printed, mail);
    let columns: Vec<&str> = line
        .split("  ")
        .map(str::trim)
        .filter(|column| !column.is_empty())
        .collect();
    columns
        .try_into()
        .unwrap_or_else(|columns| panic!("a mail has three columns: {columns:?}"))
}

#[test]
fn every_mail_is_sorted() {
    let printed = printed_by("llm_pipeline");
    let mail = |text| mail(&printed, text);
    assert_eq!(mail("Where is my parcel?"), ["delivery", "model", "ok"]);
    assert_eq!(
        mail("I was charged twice"),
        ["billing", "model", "503 Service Unavailable → ok"]
    );
    assert_eq!(
        mail("My parcel is wet"),
        ["delivery", "model", "broken JSON → broken JSON → ok"]
    );
    assert_eq!(
        mail("The app crashes when I log in"),
        ["technical", "model", "no answer in time → ok"]
    );
    assert_eq!(
        mail("It does not work"),
        ["technical", "model", "not sure → ok"]
    );
    let [label, by, happened] = mail("The invoice has no date");
    assert_eq!((label, by), ("for a person", "rules"));
    assert_eq!(happened, ["broken JSON"; 4].join(" → "));

    let (flaky, crashed) = printed
        .split_once("has crashed")
        .expect("there are two batches");
    let took = |printed: &str| {
        let mut lines = printed.lines();
        let line = lines.find(|line| line.contains(" mails took "));
        figures(line.expect("requests are counted"))
    };
    assert_eq!(took(flaky), [7, 15, 2], "never more than two at a time");
    assert_eq!(crashed.matches("  rules  ").count(), 7, "nobody hangs");
    assert_eq!(crashed.matches("circuit open").count(), 7);
    let requests = took(crashed)[1];
    assert!(
        (5..=7).contains(&requests),
        "five failures open the circuit, and {requests} requests were made"
    );
}
