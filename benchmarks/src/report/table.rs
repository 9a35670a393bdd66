//! A group's table: the subjects of each case below each other.

use std::fmt::Write;

use super::amount::{number, time};
use crate::case::{self, Case, Group};
use crate::figures::{Figures, Results};
use crate::parties::is_peer;

/// Cells, to be read in the terminal or on a page.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) head: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// A column, and what a subject has in it.
struct Column {
    name: &'static str,
    cell: fn(&Figures, &Results) -> Option<String>,
}

const COLUMNS: &[Column] = &[
    Column {
        name: "min",
        cell: |figures, _| Some(time(figures.time?.min)),
    },
    Column {
        name: "median",
        cell: |figures, _| Some(time(figures.time?.median)),
    },
    Column {
        name: "over bare",
        cell: |figures, results| over_bare(figures, results).map(time),
    },
    Column {
        name: "/ best peer",
        cell: |figures, results| Some(format!("{:.2}", to_best_peer(figures, results)?)),
    },
    Column {
        name: "instructions",
        cell: |figures, _| figures.instructions.map(number),
    },
    Column {
        name: "blocks",
        cell: |figures, _| figures.allocations.map(number),
    },
    Column {
        name: "bytes",
        cell: |figures, _| figures.bytes.map(number),
    },
    Column {
        name: "future",
        cell: |figures, _| figures.future_bytes.map(|bytes| bytes.to_string()),
    },
    Column {
        name: "crates",
        cell: |figures, _| figures.crates.map(|crates| crates.to_string()),
    },
];

/// The table of a group, without the columns in which nobody has anything.
pub(super) fn of(results: &Results, group: Group) -> Table {
    let cases = case::ALL.iter().filter(|case| case.group == group);
    let rows: Vec<&Figures> = cases.flat_map(|&case| results.of(case)).collect();
    let columns: Vec<&Column> = COLUMNS
        .iter()
        .filter(|column| rows.iter().any(|row| (column.cell)(row, results).is_some()))
        .collect();
    let mut last: Option<Case> = None;
    let rows = rows.into_iter().map(|figures| {
        let again = last.replace(figures.case) == Some(figures.case);
        let case = if again { "" } else { figures.case.name };
        let cells = columns
            .iter()
            .map(|column| (column.cell)(figures, results).unwrap_or_default());
        [case.to_owned(), figures.subject.to_owned()]
            .into_iter()
            .chain(cells)
            .collect()
    });
    Table {
        rows: rows.collect(),
        head: ["case", "subject"]
            .into_iter()
            .chain(columns.iter().map(|column| column.name))
            .collect(),
    }
}

/// How much longer it takes than without anybody's help.
pub(crate) fn over_bare(figures: &Figures, results: &Results) -> Option<f64> {
    let bare = results.find(figures.case, "bare")?;
    (figures.subject != "bare").then_some(figures.ns()? - bare.ns()?)
}

/// What it has of what the best peer has: of its time or, where there is none, of its bytes.
fn to_best_peer(figures: &Figures, results: &Results) -> Option<f64> {
    let what = |figures: &Figures| figures.ns().or(figures.bytes);
    let peers = results
        .of(figures.case)
        .filter(|figures| is_peer(figures.subject));
    let best = peers.filter_map(what).min_by(f64::total_cmp)?;
    Some(what(figures)? / best)
}

impl Table {
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// In columns. A row whose first cell is not empty begins a part.
    pub(crate) fn plain(&self) -> String {
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| {
                let cells = self.rows.iter().map(|row| row[column].chars().count());
                cells
                    .chain([self.head[column].len()])
                    .max()
                    .unwrap_or_default()
            })
            .collect();
        let line = |cells: Vec<&str>| {
            let mut line = String::new();
            for (column, (cell, &width)) in cells.iter().zip(&widths).enumerate() {
                let _ = if column < 2 {
                    write!(line, "{cell:<width$}  ")
                } else {
                    write!(line, "{cell:>width$}  ")
                };
            }
            line.trim_end().to_owned() + "\n"
        };
        let mut text = line(self.head.clone());
        for row in &self.rows {
            if !row[0].is_empty() {
                text.push('\n');
            }
            text += &line(row.iter().map(String::as_str).collect());
        }
        text
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("| {} |\n", self.head.join(" | "));
        let rules = (0..self.head.len()).map(|column| if column < 2 { "---|" } else { "--:|" });
        let _ = writeln!(text, "|{}", rules.collect::<String>());
        for row in &self.rows {
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        text
    }
}
