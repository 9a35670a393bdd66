//! Text in columns, for people with a terminal, or as Markdown.

use std::fmt::{self, Write};

/// Rows of cells, in columns that are as wide as their widest cell.
///
/// Only what is put in knows how many columns there are: what draws them is compiled once for all tables.
pub(crate) struct Table<const COLUMNS: usize>(Rows);

struct Rows {
    align: Vec<Align>,
    /// The first is the head.
    cells: Vec<Vec<String>>,
}

/// Where a cell stands in its column.
#[derive(Clone, Copy)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(crate) fn new(columns: [(&str, Align); COLUMNS]) -> Self {
        Self(Rows::new(&columns))
    }

    pub(crate) fn push(&mut self, row: [String; COLUMNS]) {
        self.0.cells.push(row.into());
    }

    #[cfg(feature = "inventory")]
    pub(crate) fn to_markdown(&self) -> String {
        self.0.to_markdown()
    }
}

impl<const COLUMNS: usize> fmt::Display for Table<COLUMNS> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(formatter)
    }
}

impl Rows {
    fn new(columns: &[(&str, Align)]) -> Self {
        let heads = columns.iter().map(|(head, _)| (*head).to_owned());
        Self {
            align: columns.iter().map(|(_, align)| *align).collect(),
            cells: vec![heads.collect()],
        }
    }

    #[cfg(feature = "inventory")]
    fn to_markdown(&self) -> String {
        let mut lines = self.cells.iter().map(|row| {
            let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        });
        let head = lines.next().unwrap_or_default();
        let sides = self.align.iter().map(|align| match align {
            Align::Left => "---",
            Align::Right => "--:",
        });
        let rule = format!("|{}|\n", sides.collect::<Vec<_>>().join("|"));
        [head, rule].into_iter().chain(lines).collect()
    }

    fn write(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = 0..self.align.len();
        let widths: Vec<usize> = columns.map(|column| self.width(column)).collect();
        for row in &self.cells {
            let mut line = String::new();
            for ((cell, align), width) in row.iter().zip(&self.align).zip(&widths) {
                match align {
                    Align::Left => write!(line, "{cell:<width$}  ")?,
                    Align::Right => write!(line, "{cell:>width$}  ")?,
                }
            }
            writeln!(formatter, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn width(&self, column: usize) -> usize {
        let widths = self.cells.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    }
}
