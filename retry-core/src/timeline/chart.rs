//! A timeline as a chart: a row for each record, with bars to scale.

mod bars;

use std::fmt;
use std::time::Duration;

use self::bars::{Bars, Mark, Scale, WIDTH};
use super::line::{Alphabet, fitted};
use super::records::{AttemptRecord, GuardRecord};
use super::{Recording, TimelineEnd};
use crate::class::Cause;
use crate::event::EventKind;
use crate::outcome::StopReason;
use crate::readable::Readable;

/// The columns of a line. Wide enough for the texts behind the bars, and for most terminals.
const LINE: usize = 100;

/// The columns of the numbers at least, so that most charts look alike.
const NUMBERS: usize = 2;

/// A chart that is about to be drawn.
pub(super) struct Chart<'a> {
    recording: &'a Recording,
    scale: Scale,
    rows: Vec<Row<'a>>,
}

/// One line about one record.
struct Row<'a> {
    subject: Subject<'a>,
    bars: Bars,
}

/// What a row is about. `Display` says it in words.
enum Subject<'a> {
    Attempt(&'a AttemptRecord),
    Guard(&'a GuardRecord),
    End(StopReason, Duration),
}

impl<'a> Chart<'a> {
    pub(super) fn of(recording: &'a Recording) -> Self {
        let mut chart = Self {
            recording,
            scale: scale_of(recording),
            rows: Vec::new(),
        };
        let attempts = &recording.attempts;
        let followers = attempts.iter().skip(1).map(Some).chain([None]);
        let mut attempts = attempts.iter().zip(followers).peekable();
        for event in &recording.events {
            while let Some((attempt, next)) =
                attempts.next_if(|(attempt, _)| attempt.number <= event.after_attempt)
            {
                chart.add_attempt(attempt, next);
            }
            chart.add_event(event);
        }
        for (attempt, next) in attempts {
            chart.add_attempt(attempt, next);
        }
        chart.add_end();
        chart
    }

    fn add_attempt(&mut self, attempt: &'a AttemptRecord, next: Option<&AttemptRecord>) {
        let (scale, end) = (self.scale, &self.recording.end);
        let ended = end_of(attempt);
        // What follows on the sleep, or has cut it.
        let then = next.map_or_else(|| before_wait(end.at, end.wait), queued_at);
        let slept = match attempt.delay {
            Some(delay) => then.min(ended.saturating_add(delay)),
            None => then,
        };
        let mut bars = Bars::new();
        bars.fill(
            scale.columns(queued_at(attempt), attempt.start),
            Mark::Queue,
        );
        let column = bars.fill_some(scale.columns(attempt.start, ended), Mark::Attempt);
        bars.fill(column..scale.columns(ended, slept).end, Mark::Sleep);
        self.rows.push(Row {
            subject: Subject::Attempt(attempt),
            bars,
        });
    }

    fn add_event(&mut self, event: &'a GuardRecord) {
        let bars = if event.kind.is_terminal() {
            self.bars_of_end()
        } else {
            self.bars_of(event.at)
        };
        self.rows.push(Row {
            subject: Subject::Guard(event),
            bars,
        });
    }

    /// Unless the end is that of the last attempt, or a guard's.
    fn add_end(&mut self) {
        let Recording {
            attempts,
            omitted,
            events,
            end,
            ..
        } = self.recording;
        let went_on = match attempts.back() {
            Some(last) => end_of(last) < end.at,
            None => *omitted == 0,
        };
        let told = events.back().is_some_and(|event| event.kind.is_terminal());
        if let Some(reason) = end.stop_reason.filter(|_| went_on && !told) {
            let bars = self.bars_of_end();
            self.rows.push(Row {
                subject: Subject::End(reason, end.at),
                bars,
            });
        }
    }

    /// Empty if it was before the chart begins.
    fn bars_of(&self, moment: Duration) -> Bars {
        let mut bars = Bars::new();
        if self.scale.from <= moment {
            bars.fill_some(self.scale.columns(moment, moment), Mark::Event);
        }
        bars
    }

    fn bars_of_end(&self) -> Bars {
        let TimelineEnd { at, wait, .. } = self.recording.end;
        let mut bars = Bars::new();
        bars.fill(self.scale.columns(before_wait(at, wait), at), Mark::Queue);
        bars.fill_some(self.scale.columns(at, at), Mark::Event);
        bars
    }
}

/// From the first attempt that is recorded, if there were others before: they may have been many, and long ago.
fn scale_of(recording: &Recording) -> Scale {
    let first = recording.attempts.front();
    let first = first.filter(|_| recording.omitted > 0);
    Scale {
        from: first.map_or(Duration::ZERO, queued_at),
        to: recording.end.at,
    }
}

/// When the call had slept enough to make this attempt.
fn queued_at(attempt: &AttemptRecord) -> Duration {
    before_wait(attempt.start, attempt.wait)
}

fn before_wait(at: Duration, wait: Option<Duration>) -> Duration {
    at.saturating_sub(wait.unwrap_or_default())
}

fn end_of(attempt: &AttemptRecord) -> Duration {
    attempt.start.saturating_add(attempt.duration)
}

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

impl fmt::Display for Subject<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt(attempt) => match (attempt.class, attempt.cause, &attempt.error) {
                (Some(class), _, Some(error)) => write!(formatter, "{class}: {error}"),
                (Some(class), Some(Cause::Error), None) => write!(formatter, "{class}"),
                (Some(class), Some(cause), None) => write!(formatter, "{class} {cause}"),
                _ => formatter.write_str("success"),
            },
            Self::Guard(GuardRecord {
                kind,
                guard,
                duration,
                ..
            }) => {
                write!(formatter, "{kind} `{guard}`")?;
                match (kind, duration) {
                    (_, None | Some(Duration::ZERO)) => Ok(()),
                    (EventKind::CircuitRejected, Some(left)) => {
                        write!(formatter, ", a probe in {}", Readable(*left))
                    }
                    (_, Some(wait)) => write!(formatter, " after {}", Readable(*wait)),
                }
            }
            Self::End(reason, _) => write!(formatter, "{reason}"),
        }
    }
}

fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
