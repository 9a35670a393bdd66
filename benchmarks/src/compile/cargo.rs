//! Running cargo against the clock.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use crate::case::Case;
use crate::figures::Figures;
use crate::timing::Time;
use crate::workload::ready;

/// What a run of cargo took.
pub(super) struct Taken {
    /// By the wall.
    wall: Duration,
    /// Of all processors together.
    processor: Option<Duration>,
    /// How many packages were compiled.
    pub(super) packages: usize,
}

/// Runs cargo in a folder, without the network.
///
/// # Panics
///
/// If it fails: what is built here is written here.
pub(super) fn cargo(folder: &Path, incremental: bool, arguments: &[&str]) -> Taken {
    let program = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let before = processor_time_of_children();
    let started = Instant::now();
    let output = ready(
        Command::new(program)
            .args(arguments)
            .arg("--offline")
            .current_dir(folder)
            .env("CARGO_INCREMENTAL", if incremental { "1" } else { "0" })
            .env_remove("RUSTFLAGS")
            .stdin(Stdio::null())
            .output(),
    );
    let wall = started.elapsed();
    let processor = processor_time_of_children()
        .zip(before)
        .map(|(after, before)| after.saturating_sub(before));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cargo {arguments:?} failed in {}:\n{said}",
        folder.display()
    );
    Taken {
        wall,
        processor,
        packages: said
            .lines()
            .filter(|line| line.trim_start().starts_with("Compiling "))
            .count(),
    }
}

/// Of all processes that this one has started and waited for, and theirs.
fn processor_time_of_children() -> Option<Duration> {
    /// Linux counts in hundredths of a second, whatever the machine.
    const TICK: Duration = Duration::from_millis(10);
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the program's name, which may contain anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<u32>().ok();
    // `cutime` and `cstime`, the fields 16 and 17 of all.
    Some(TICK * (ticks(13)? + ticks(14)?))
}

/// The figures of a subject whose runs took this long.
pub(super) fn figures(
    [by_the_wall, of_processors]: [Case; 2],
    subject: &'static str,
    taken: &[Taken],
) -> [Figures; 2] {
    let time = |durations: Vec<Duration>| {
        let nanoseconds = durations
            .iter()
            .map(|duration| duration.as_secs_f64() * 1e9)
            .collect();
        Some(Time::of(nanoseconds)).filter(|_| !durations.is_empty())
    };
    [
        Figures {
            time: time(taken.iter().map(|taken| taken.wall).collect()),
            ..Figures::new(by_the_wall, subject)
        },
        Figures {
            time: time(taken.iter().filter_map(|taken| taken.processor).collect()),
            ..Figures::new(of_processors, subject)
        },
    ]
}
