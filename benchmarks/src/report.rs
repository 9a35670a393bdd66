//! What is shown: tables for the terminal, lines of JSON, a page of Markdown with plots.

mod amount;
mod page;
mod plot;
mod table;

use crate::case::Group;
use crate::figures::Results;
use crate::target;

pub use self::page::write;

/// Prints a table for each group, and what has been reached.
pub fn print(results: &Results) {
    for group in Group::ALL {
        let table = table::of(results, group);
        if !table.is_empty() {
            println!("{}\n\n{}", group.title(), table.plain());
        }
    }
    let targets = target::table(results);
    if !targets.is_empty() {
        println!("Targets\n\n{}", targets.plain());
    }
}

/// Prints a line for each subject in each case.
pub fn print_json(results: &Results) {
    for figures in &results.0 {
        println!("{}", figures.to_json());
    }
}

pub(crate) use self::table::Table;
