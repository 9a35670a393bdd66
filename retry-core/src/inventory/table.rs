//! Rows of text, one below the other or as Markdown.

use std::fmt;

/// A table whose columns have a heading and a side to lean on.
pub(super) struct Table<const N: usize> {
    pub(super) headings: [&'static str; N],
    /// Columns of numbers.
    pub(super) to_the_right: [bool; N],
    pub(super) rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(super) fn to_markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let sides = self
            .to_the_right
            .map(|right| if right { "--:" } else { "---" });
        let head = [
            line(&self.headings.map(str::to_owned)),
            format!("|{}|\n", sides.join("|")),
        ];
        let rows = self.rows.iter().map(|row| {
            let cells = row.iter().map(|cell| cell.replace('|', "\\|"));
            line(&cells.collect::<Vec<_>>())
        });
        head.into_iter().chain(rows).collect()
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headings = self.headings.map(str::to_owned);
        let rows = std::iter::once(&headings).chain(&self.rows);
        let widths: [usize; N] = std::array::from_fn(|column| {
            let widths = rows.clone().map(|row| row[column].chars().count());
            widths.max().unwrap_or_default()
        });
        for row in rows {
            let cells = row.iter().zip(widths).zip(self.to_the_right);
            let line: Vec<String> = cells
                .map(|((cell, width), right)| {
                    if right {
                        format!("{cell:>width$}")
                    } else {
                        format!("{cell:width$}")
                    }
                })
                .collect();
            writeln!(formatter, "{}", line.join("  ").trim_end())?;
        }
        Ok(())
    }
}
