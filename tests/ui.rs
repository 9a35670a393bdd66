//! What the macros refuse, and how they say so. `tests/ui/README.md` maps rules to cases.
//!
//! The messages are pinned word for word, those of the compiler among them, so the cases run on one toolchain only. To write new ones,
//! run `TRYBUILD=overwrite cargo test --test ui` there and read the difference.

use std::collections::BTreeSet;
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

struct Said {
    /// The folder it is in.
    rule: String,
    ours: bool,
    message: String,
}

impl Said {
    /// The message without the names, numbers and lists that are another each time.
    fn kind(message: &str) -> String {
        let message = match message.split_once("; the ") {
            Some((start, list)) if list.contains(" are `") => start,
            _ => message,
        };
        let mut kind = String::new();
        for (index, part) in message.split('`').enumerate() {
            if index % 2 == 0 {
                kind.extend(part.chars().filter(|letter| !letter.is_ascii_digit()));
            } else {
                kind.push('`');
            }
        }
        // Durations of another unit.
        kind.replace("ms ", "s ").replace("ms,", "s,")
    }
}

/// The errors that all cases together give.
fn errors(folder: &Path) -> Vec<Said> {
    let mut errors = Vec::new();
    for rule in std::fs::read_dir(folder)
        .expect("there are rules")
        .flatten()
    {
        let Ok(files) = std::fs::read_dir(rule.path()) else {
            continue;
        };
        let outputs = files.flatten().map(|file| file.path());
        for file in outputs.filter(|file| file.extension().is_some_and(|end| end == "stderr")) {
            let said = std::fs::read_to_string(&file).expect("it can be read");
            let messages = said
                .lines()
                .filter(|line| line.starts_with("error"))
                .filter_map(|line| line.split_once(": "));
            let rule = rule.file_name().to_string_lossy().into_owned();
            errors.extend(messages.map(|(level, message)| Said {
                rule: rule.clone(),
                // What the compiler says of any program has another code.
                ours: matches!(level, "error" | "error[E0080]"),
                message: message.to_owned(),
            }));
        }
    }
    errors
}

#[test]
fn the_page_on_errors_quotes_what_is_said() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let errors = errors(&root.join("tests/ui"));
    let page = std::fs::read_to_string(root.join("retry-core/docs/reading-the-errors.md"))
        .expect("there is a page");
    let mut rules: BTreeSet<&str> = errors.iter().map(|said| &*said.rule).collect();
    let quotes: Vec<&str> = page
        .split("```")
        .filter_map(|part| part.strip_prefix("text\n"))
        .flat_map(str::lines)
        .collect();
    let kinds: BTreeSet<String> = quotes.iter().map(|quote| Said::kind(quote)).collect();
    for quote in quotes {
        let mut found = false;
        for said in errors.iter().filter(|said| said.message == quote) {
            found = true;
            rules.remove(&*said.rule);
        }
        assert!(found, "nothing says: {quote}");
    }
    for said in errors.iter().filter(|said| said.ours) {
        let listed = said.message.contains("; the keys are ");
        assert!(
            listed || kinds.contains(&Said::kind(&said.message)),
            "the page does not quote: {}",
            said.message
        );
    }
    assert!(rules.is_empty(), "the page says nothing about {rules:?}");
}
