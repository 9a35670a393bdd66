//! Text in columns, for people with a terminal, or as Markdown.

use std::array;
use std::fmt::{self, Write};

/// Rows of cells, in columns that are as wide as their widest cell.
pub(crate) struct Table<const COLUMNS: usize> {
    align: [Align; COLUMNS],
    rows: Vec<[String; COLUMNS]>,
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
        Self {
            align: columns.map(|(_, align)| align),
            rows: vec![columns.map(|(head, _)| head.to_owned())],
        }
    }

    pub(crate) fn push(&mut self, row: [String; COLUMNS]) {
        self.rows.push(row);
    }

    #[cfg(feature = "inventory")]
    pub(crate) fn to_markdown(&self) -> String {
        let line = |cells: &[String; COLUMNS]| format!("| {} |\n", cells.join(" | "));
        let mut lines = self
            .rows
            .iter()
            .map(|row| line(&row.each_ref().map(|cell| cell.replace('|', "\\|"))));
        let head = lines.next().unwrap_or_default();
        let sides = self.align.map(|align| match align {
            Align::Left => "---",
            Align::Right => "--:",
        });
        let rule = format!("|{}|\n", sides.join("|"));
        [head, rule].into_iter().chain(lines).collect()
    }

    fn width(&self, column: usize) -> usize {
        let widths = self.rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    }
}

impl<const COLUMNS: usize> fmt::Display for Table<COLUMNS> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: [usize; COLUMNS] = array::from_fn(|column| self.width(column));
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, align), width) in row.iter().zip(self.align).zip(widths) {
                match align {
                    Align::Left => write!(line, "{cell:<width$}  ")?,
                    Align::Right => write!(line, "{cell:>width$}  ")?,
                }
            }
            writeln!(formatter, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
