//! What has been counted, for people with a terminal.

use std::fmt::{self, Display};

use super::Stats;
use super::snapshot::{AttemptsBucket, OperationStats, StatsSnapshot};
use crate::readable::Readable;
use crate::table::{Align, Table};

/// Where there is nothing to show.
const NOTHING: &str = "–";

/// Two tables: what the calls cost, and how they went. Empty but for a sentence if nothing has been counted.
impl Display for StatsSnapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total();
        if !self.operations.is_empty() {
            let total = (self.operations.len() > 1).then_some(&total);
            let rows = || self.operations.iter().chain(total);
            write!(formatter, "{}\n{}", costs(rows()), courses(rows()))?;
        }
        if total.calls == 0 {
            writeln!(formatter, "no call has ended")?;
        }
        Ok(())
    }
}

/// The table of a [`snapshot`](Stats::snapshot).
impl Display for Stats {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(formatter)
    }
}

fn costs<'a>(rows: impl Iterator<Item = &'a OperationStats>) -> Table<9> {
    let mut table = Table::new([
        ("operation", Align::Left),
        ("calls", Align::Right),
        ("succeeded", Align::Right),
        ("failed", Align::Right),
        ("first try", Align::Right),
        ("attempts per call", Align::Right),
        ("retries", Align::Right),
        ("added load", Align::Right),
        ("slept", Align::Right),
    ]);
    for stats in rows {
        table.push([
            stats.operation.to_owned(),
            stats.calls.to_string(),
            stats.successes.to_string(),
            stats.failures.to_string(),
            percent(stats.first_try_rate()),
            stats
                .mean_attempts()
                .map_or(NOTHING.to_owned(), |mean| format!("{mean:.2}")),
            stats.retries.to_string(),
            percent(stats.added_load()),
            Readable(stats.slept).to_string(),
        ]);
    }
    table
}

fn courses<'a>(rows: impl Iterator<Item = &'a OperationStats>) -> Table<4> {
    let mut table = Table::new([
        ("operation", Align::Left),
        ("calls by attempts", Align::Left),
        ("failed attempts by class", Align::Left),
        ("failed calls by reason", Align::Left),
    ]);
    for stats in rows {
        let buckets = stats.calls_by_attempts.iter();
        table.push([
            stats.operation.to_owned(),
            list(buckets.map(|bucket| (bucket, &bucket.calls))),
            list(&stats.failed_attempts),
            list(&stats.stop_reasons),
        ]);
    }
    table
}

fn percent(share: Option<f64>) -> String {
    share.map_or(NOTHING.to_owned(), |share| {
        format!("{:.1} %", 100.0 * share)
    })
}

fn list<'a, T: Display>(counts: impl IntoIterator<Item = (T, &'a u64)>) -> String {
    let counts = counts.into_iter();
    let items: Vec<_> = counts
        .map(|(what, count)| format!("{what}: {count}"))
        .collect();
    if items.is_empty() {
        return NOTHING.to_owned();
    }
    items.join(", ")
}

/// The attempts: `3`, `11–20` or `10001 or more`.
impl Display for AttemptsBucket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (from, Some(to)) if from == to => write!(formatter, "{from}"),
            (from, Some(to)) => write!(formatter, "{from}–{to}"),
            (from, None) => write!(formatter, "{from} or more"),
        }
    }
}
