//! What each subject asks of the heap, counted by the program `allocations`.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::case::Case;
use crate::heap::Heap;
use crate::parties;
use crate::subject::Subject;
use crate::workload::ready;

/// Blocks and bytes for one time.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Blocks.
    pub blocks: f64,
    /// Bytes.
    pub bytes: f64,
}

/// Builds the program that counts, next to this one.
///
/// # Panics
///
/// If it cannot be built.
pub fn build() {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let status = ready(
        Command::new(cargo)
            .args(["build", "--release", "--quiet", "--package", "benchmarks"])
            .args(["--bin", "allocations"])
            .status(),
    );
    assert!(status.success(), "the program `allocations` was not built");
}

/// Of each subject of the case, by its place among them.
///
/// # Panics
///
/// If the program fails.
#[must_use]
pub fn count(case: Case) -> Vec<Option<Counted>> {
    let output = ready(Command::new(program()).arg(case.name).output());
    assert!(
        output.status.success(),
        "`allocations {}` failed: {}",
        case.name,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            Some(Counted {
                blocks: line.get("allocations")?.as_f64()?,
                bytes: line.get("bytes")?.as_f64()?,
            })
        })
        .collect()
}

fn program() -> PathBuf {
    ready(env::current_exe()).with_file_name("allocations")
}

/// What the program does with a case: a line of JSON for each subject.
pub fn print(case: Case) {
    for subject in parties::subjects_of(case) {
        let counted = of(&subject);
        let line = json!({
            "case": case.name,
            "subject": subject.name,
            "allocations": counted.blocks,
            "bytes": counted.bytes,
        });
        println!("{line}");
    }
}

/// What many times have more than few; or what is held, by a workload that counts that.
fn of(subject: &Subject) -> Counted {
    let mut workload = subject.prepare();
    let (few, many) = match workload.times {
        Some(times) => (0, times),
        None => subject.case.repetitions(),
    };
    let mut run = |times| match times {
        0 => Heap::default(),
        times => workload.run(times).heap,
    };
    // What is only needed the first time is not counted.
    run(few);
    let (with_few, with_many) = (run(few), run(many));
    let additional = with_many - with_few;
    let each = |amount| per(amount, many - few);
    Counted {
        blocks: each(additional.blocks),
        bytes: each(additional.bytes),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody allocates that much here"
)]
fn per(amount: u64, times: u32) -> f64 {
    amount as f64 / f64::from(times)
}
