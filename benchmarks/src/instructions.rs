//! Instructions, counted by callgrind.
//!
//! The subjects of a case run in a process of their own under valgrind. Each does its work a few times, then many times; callgrind writes down
//! its count at each mark between them. What many have more than few is what the additional ones cost: neither the preparation nor the runtime
//! around them is in it. System calls are not counted, nor is reading the clock, which is one under valgrind.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::case::Case;
use crate::subject::Subject;
use crate::workload::{Workload, ready};

/// The argument that makes a program of this package the process that callgrind watches.
pub const CHILD: &str = "under-callgrind";

/// Where callgrind writes down its count.
#[inline(never)]
fn mark() {
    std::hint::black_box(());
}

/// Of each subject that runs on one thread, by its place in `subjects`; nothing without valgrind.
#[must_use]
pub fn count(case: Case, subjects: &[Subject]) -> Vec<Option<f64>> {
    let folder = std::env::temp_dir().join(format!("callgrind-{}", std::process::id()));
    ready(fs::create_dir_all(&folder));
    let counts = dump(case, &folder).map(|()| {
        subjects
            .iter()
            .enumerate()
            .map(|(index, _)| between(case, &folder, index))
            .collect()
    });
    ready(fs::remove_dir_all(&folder));
    counts.unwrap_or_else(|| vec![None; subjects.len()])
}

/// Runs the case's subjects under callgrind, which dumps into the folder.
fn dump(case: Case, folder: &Path) -> Option<()> {
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--dump-before=*instructions::mark*"])
        .arg(format!(
            "--callgrind-out-file={}",
            folder.join("count").display()
        ))
        .arg(ready(std::env::current_exe()))
        .args([CHILD, case.name])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .ok()?;
    if !status.success() {
        eprintln!("callgrind failed on {}: {status}", case.name);
        return None;
    }
    Some(())
}

/// What the child does: three marks a subject, also one that it leaves out.
pub fn run_marked(subjects: &[Subject]) {
    for subject in subjects {
        let (few, many) = subject.case.repetitions();
        let mut workload = counted(subject);
        let mut run = |times| {
            if let Some(workload) = &mut workload {
                workload.run(times);
            }
        };
        run(few);
        mark();
        run(few);
        mark();
        run(many);
        mark();
    }
}

/// The subject's workload, if one thread does it.
fn counted(subject: &Subject) -> Option<Workload> {
    let workload = subject.prepare();
    (workload.threads == 1 && workload.times.is_none()).then_some(workload)
}

/// What one of the additional times cost.
fn between(case: Case, folder: &Path, index: usize) -> Option<f64> {
    let (few, many) = case.repetitions();
    // Dumps are numbered from one, and the first of a subject is what came before its first mark.
    let count = |mark: usize| total(&folder.join(format!("count.{}", 3 * index + mark)));
    let (with_few, with_many) = (count(2)?, count(3)?);
    (with_many > with_few).then(|| (with_many - with_few) / f64::from(many - few))
}

/// The count of a dump.
fn total(dump: &Path) -> Option<f64> {
    let text = fs::read_to_string(dump).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("totals: "));
    line?.trim().parse().ok()
}
