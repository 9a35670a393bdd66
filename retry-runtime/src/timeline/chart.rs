//! A timeline as a chart: a row for each record, with bars to scale.

mod bars;
mod drawing;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::bars::{Bars, Mark, Scale};
use super::records::{AttemptRecord, GuardRecord};
use super::{Recording, TimelineEnd};
use crate::outcome::StopReason;

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

/// What a row is about.
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
