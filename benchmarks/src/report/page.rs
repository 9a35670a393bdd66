//! The page `RESULTS.md`, and the plots next to it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::{plot, table};
use crate::case::{self, Group};
use crate::figures::Results;
use crate::workload::ready;
use crate::{machine, parties, target};

const HEAD: &str = "# What it costs, next to what others cost

Written by `cargo run --release -p benchmarks --bin compare`, which measures all of this in one run; how, its sources say in
[`src/lib.rs`](src/lib.rs). Each peer is used as its own documentation recommends, configured for equal work: see
[`src/peers/`](src/peers/).

`min` and `median` are over interleaved rounds, for one time. `over bare` is what is left without the operation itself. `/ best peer` is the
share of the time (or of the bytes) of the best peer in the case: below 1 is better. `instructions` are counted by callgrind, without those of
the kernel. `blocks` and `bytes` are asked of the heap for one time; `future` is the size of an async block that makes the call and awaits it.
The bars of the plots grow with the logarithm of what they stand for.
";

/// Writes them into the folder of this package.
pub fn write(results: &Results) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = page(results, &folder.join("plots"));
    ready(fs::write(folder.join("RESULTS.md"), page));
}

fn page(results: &Results, plots: &Path) -> String {
    ready(fs::create_dir_all(plots));
    let mut page = format!("{HEAD}\n## Where\n\n| | |\n|---|---|\n");
    for (what, value) in machine::describe() {
        let _ = writeln!(page, "| {what} | {value} |");
    }
    let versions: Vec<String> = machine::versions()
        .into_iter()
        .map(|(peer, version)| format!("{peer} {version}"))
        .collect();
    let _ = writeln!(page, "| peers | {} |", versions.join(", "));
    let _ = write!(
        page,
        "\n## What it is meant to reach\n\n{}",
        target::table(results).markdown()
    );
    page += &target::explanations(results);
    for group in Group::ALL {
        page += &section(results, group, plots);
    }
    page + &remarks()
}

fn section(results: &Results, group: Group, plots: &Path) -> String {
    let table = table::of(results, group);
    if table.is_empty() {
        return String::new();
    }
    let mut section = format!("\n## {}\n\n", group.title());
    for case in case::ALL.iter().filter(|case| case.group == group) {
        if results.of(*case).next().is_some() {
            let _ = writeln!(section, "- `{}`: {}", case.name, case.about);
        }
    }
    let file = format!("{}.svg", group.slug());
    if ready(plot::draw(results, group, &plots.join(&file))) {
        let _ = write!(section, "\n![{}](plots/{file})\n", group.title());
    }
    section + "\n" + &table.markdown()
}

fn remarks() -> String {
    let mut text = String::from("\n## Who is absent, and what else to know\n\n");
    for party in parties::all() {
        for (cases, why) in party.absent {
            let _ = writeln!(text, "- `{}` is absent from {cases}: {why}.", party.name);
        }
        for (what, remark) in party.remarks {
            let _ = writeln!(text, "- `{}`, {what}: {remark}.", party.name);
        }
    }
    text
}
