//! What the attribute refuses, and how it says so. `tests/ui/README.md` maps rules to cases.
//!
//! The messages are pinned word for word, those of the compiler among them, so the cases run on one toolchain only. To write new ones,
//! run `TRYBUILD=overwrite cargo test --test ui` there and read the difference.

use std::process::Command;

const PINNED: &str = "rustc 1.95.";

#[test]
fn messages() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    if !version.starts_with(PINNED) {
        eprintln!("SKIPPED: the messages are pinned to {PINNED}x, and this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*/*.rs");
}
