//! How a chart is drawn, and what it says next to the bars.

use std::fmt;
use std::time::Duration;

use super::bars::{Mark, Scale, WIDTH};
use super::{Chart, Row, Subject};
use crate::class::Cause;
use crate::event::EventKind;
use crate::readable::Readable;
use crate::timeline::Recording;
use crate::timeline::line::{Alphabet, fitted};
use crate::timeline::records::{AttemptRecord, GuardRecord};

/// The columns of a line. Wide enough for the texts behind the bars, and for most terminals.
pub(super) const LINE: usize = 100;

/// The columns of the numbers at least, so that most charts look alike.
const NUMBERS: usize = 2;

impl fmt::Display for Chart<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alphabet = Alphabet::of(formatter);
        let mut draw =
            |line: fmt::Arguments<'_>| writeln!(formatter, "{}", fitted(alphabet, LINE, line));
        let numbers = self.rows.iter().map(|row| row.subject.number().len());
        let numbers = numbers.max().unwrap_or(0).max(NUMBERS);
        let times = self
            .rows
            .iter()
            .map(|row| row.subject.time().chars().count());
        let times = times.max().unwrap_or(0);

        draw(format_args!("{}", self.headline(alphabet)))?;
        if let Some(omitted) = self.omitted() {
            let ellipsis = alphabet.ellipsis();
            draw(format_args!("{:numbers$}  {ellipsis} {omitted}", ""))?;
        }
        for Row { subject, bars } in &self.rows {
            let (number, time) = (subject.number(), subject.time());
            let bars = bars.drawn(alphabet);
            draw(format_args!(
                "{number:>numbers$}  {bars}  {time:>times$}  {subject}"
            ))?;
        }
        if self.rows.is_empty() {
            return Ok(());
        }
        let (axis, legend) = (self.axis(), self.legend(alphabet));
        draw(format_args!("{:numbers$}  {axis:WIDTH$}  {legend}", ""))
    }
}

/// Its texts.
impl Chart<'_> {
    /// What the call came to; the operation's name is cut if the rest would not fit.
    fn headline(&self, alphabet: Alphabet) -> String {
        let Recording { operation, end, .. } = self.recording;
        let attempts = counted(self.recording.attempts_ended(), "attempt");
        let elapsed = Readable(end.at);
        let rest = match end.stop_reason {
            None => format!(" succeeded after {attempts} in {elapsed}"),
            Some(reason) => format!(" stopped after {attempts} in {elapsed}: {reason}"),
        };
        let room = LINE.saturating_sub(rest.chars().count());
        fitted(alphabet, room, format_args!("{operation}")) + &rest
    }

    fn omitted(&self) -> Option<String> {
        let attempts = counted(self.recording.omitted, "earlier attempt");
        let events = counted(self.recording.omitted_events, "earlier event");
        match (self.recording.omitted, self.recording.omitted_events) {
            (0, 0) => None,
            (_, 0) => Some(attempts),
            (0, _) => Some(events),
            (_, _) => Some(format!("{attempts}, {events}")),
        }
    }

    fn axis(&self) -> String {
        let Scale { from, to } = self.scale;
        let (from, to) = (Readable(from).to_string(), Readable(to).to_string());
        let room = WIDTH.saturating_sub(from.chars().count());
        if self.scale.from < self.scale.to {
            format!("{from}{to:>room$}")
        } else {
            from
        }
    }

    /// The marks and their meanings, unless there is only one.
    fn legend(&self, alphabet: Alphabet) -> String {
        let is_used = |mark: &Mark| self.rows.iter().any(|row| row.bars.contains(*mark));
        let marks: Vec<_> = Mark::ALL.into_iter().filter(is_used).collect();
        if marks.len() < 2 {
            return String::new();
        }
        let entry = |mark: Mark| format!("{} {}", mark.character(alphabet), mark.meaning());
        let entries: Vec<_> = marks.into_iter().map(entry).collect();
        entries.join("  ")
    }
}

impl Subject<'_> {
    fn number(&self) -> String {
        match self {
            Self::Attempt(attempt) => attempt.number.to_string(),
            Self::Guard(_) | Self::End(..) => String::new(),
        }
    }

    fn time(&self) -> String {
        match self {
            Self::Attempt(attempt) => Readable(attempt.duration).to_string(),
            Self::Guard(GuardRecord { at, .. }) | Self::End(_, at) => {
                format!("@{}", Readable(*at))
            }
        }
    }
}

/// In words.
impl fmt::Display for Subject<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt(attempt) => write_attempt(formatter, attempt),
            Self::Guard(event) => write_event(formatter, event),
            Self::End(reason, _) => write!(formatter, "{reason}"),
        }
    }
}

fn write_attempt(formatter: &mut fmt::Formatter<'_>, attempt: &AttemptRecord) -> fmt::Result {
    match (attempt.class, attempt.cause, &attempt.error) {
        (Some(class), _, Some(error)) => write!(formatter, "{class}: {error}"),
        (Some(class), Some(Cause::Error), None) => write!(formatter, "{class}"),
        (Some(class), Some(cause), None) => write!(formatter, "{class} {cause}"),
        _ => formatter.write_str("success"),
    }
}

/// The name at the end: if it is long, that is what is cut.
fn write_event(formatter: &mut fmt::Formatter<'_>, event: &GuardRecord) -> fmt::Result {
    write!(formatter, "{}", event.kind)?;
    match (event.kind, event.duration) {
        (_, None | Some(Duration::ZERO)) => {}
        (EventKind::CircuitRejected, Some(left)) => {
            write!(formatter, ", probe in {}", Readable(left))?;
        }
        (_, Some(wait)) => write!(formatter, " after {}", Readable(wait))?,
    }
    write!(formatter, ": {}", event.guard)
}

fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
