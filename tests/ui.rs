//! What the macros refuse, and how they say so. `tests/ui/README.md` maps rules to cases.
//!
//! The messages are pinned word for word, those of the compiler among them, so the cases run on one toolchain only. To write new ones,
//! run `TRYBUILD=overwrite cargo test --test ui` there and read the difference.

use std::io::Write as _;
use std::path::Path;
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
        // Not `eprintln!`, which a passing test swallows.
        let mut screen = std::io::stderr();
        let _ = writeln!(
            screen,
            "SKIPPED: the messages are pinned to {PINNED}x, and this is {version}"
        );
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*/*.rs");
}

#[test]
fn every_case_is_in_the_readme() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("there is a README.md");
    let mut cases = 0;
    for rule in std::fs::read_dir(&folder)
        .expect("there are rules")
        .flatten()
    {
        let Ok(files) = std::fs::read_dir(rule.path()) else {
            continue;
        };
        for file in files.flatten().map(|file| file.path()) {
            if file.extension().is_some_and(|extension| extension == "rs") {
                let case = file.with_extension("");
                let case = case
                    .strip_prefix(&folder)
                    .expect("it is in there")
                    .display()
                    .to_string();
                assert!(
                    readme.contains(&format!("`{case}`")),
                    "tests/ui/README.md lacks `{case}`"
                );
                cases += 1;
            }
        }
    }
    assert_eq!(
        cases,
        readme
            .lines()
            .filter(|line| line.starts_with("| `"))
            .count(),
        "a case is gone"
    );
}
