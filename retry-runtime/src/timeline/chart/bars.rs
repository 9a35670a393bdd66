//! The bars of a chart, to scale.

use std::ops::Range;
use std::time::Duration;

use crate::timeline::line::Alphabet;

/// Their columns. Enough to see a fortieth of the call.
pub(super) const WIDTH: usize = 40;

/// The bars of a row.
pub(super) struct Bars([Mark; WIDTH]);

/// What is in a column of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Nothing,
    Attempt,
    Sleep,
    Queue,
    Event,
}

/// The part of the call that they show.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    pub(super) from: Duration,
    pub(super) to: Duration,
}

impl Bars {
    pub(super) const fn new() -> Self {
        Self([Mark::Nothing; WIDTH])
    }

    pub(super) fn fill(&mut self, columns: Range<usize>, mark: Mark) {
        for column in columns {
            self.0[column] = mark;
        }
    }

    /// One column at least, so that it is seen. Where it ends then.
    pub(super) fn fill_some(&mut self, columns: Range<usize>, mark: Mark) -> usize {
        let first = columns.start.min(WIDTH - 1);
        let end = columns.end.max(first + 1);
        self.fill(first..end, mark);
        end
    }

    pub(super) fn contains(&self, mark: Mark) -> bool {
        self.0.contains(&mark)
    }

    pub(super) fn drawn(&self, alphabet: Alphabet) -> String {
        let characters = self.0.iter().map(|mark| mark.character(alphabet));
        characters.collect()
    }
}

impl Mark {
    /// Those that have a meaning.
    pub(super) const ALL: [Self; 4] = [Self::Attempt, Self::Sleep, Self::Queue, Self::Event];

    pub(super) const fn character(self, alphabet: Alphabet) -> char {
        match (self, alphabet) {
            (Self::Nothing, _) => ' ',
            (Self::Attempt, Alphabet::Unicode) => '█',
            (Self::Attempt, Alphabet::Ascii) => '#',
            (Self::Sleep, Alphabet::Unicode) => '░',
            (Self::Sleep, Alphabet::Ascii) => '.',
            (Self::Queue, Alphabet::Unicode) => '▒',
            (Self::Queue, Alphabet::Ascii) => '=',
            (Self::Event, Alphabet::Unicode) => '◆',
            (Self::Event, Alphabet::Ascii) => '*',
        }
    }

    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Attempt => "attempt",
            Self::Sleep => "sleep",
            Self::Queue => "queue",
            Self::Event => "event",
        }
    }
}

impl Scale {
    pub(super) fn columns(self, from: Duration, to: Duration) -> Range<usize> {
        self.column(from)..self.column(to)
    }

    /// At most [`WIDTH`], which is the end.
    fn column(self, at: Duration) -> usize {
        let length = self.to.saturating_sub(self.from).as_nanos();
        let at = at.saturating_sub(self.from).as_nanos().min(length);
        let column = (at * WIDTH as u128).checked_div(length).unwrap_or(0);
        usize::try_from(column).unwrap_or(WIDTH)
    }
}
