//! The inventory as data, with the feature that allows for any format.
#![cfg(all(feature = "inventory", feature = "macros", feature = "serde"))]

use std::io;

use retry_core::retry;

#[retry(attempts = 5, deadline = "1m 30s", operation = "say \"hello\"")]
fn hello() -> io::Result<()> {
    Ok(())
}

#[test]
fn what_is_serialised_is_what_the_json_says() {
    assert!(hello().is_ok());
    let report = retry_core::report();
    assert_eq!(report.sites().len(), 1);
    let serialised = serde_json::to_value(&report).expect("it can be");
    let parsed: serde_json::Value = serde_json::from_str(&report.to_json()).expect("it is JSON");
    assert_eq!(serialised[0]["operation"], "say \"hello\"");
    assert_eq!(serialised[0]["policy"]["deadline"], 90.0);
    // A whole number is a float in one and not in the other.
    assert_eq!(
        serialised.to_string().replace(".0", ""),
        parsed.to_string().replace(".0", "")
    );
}
