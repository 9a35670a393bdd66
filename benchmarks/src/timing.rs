//! Time, interleaved: each subject of a case in turn, round after round.
//!
//! A subject does its work so many times in a round that the clock's own cost does not count. One that is so slow that it has used up its time
//! sits out the rounds that are left.

use std::time::Duration;

use crate::workload::Workload;

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How often each subject has its turn.
    rounds: u32,
    /// How long a turn takes, about.
    turn: Duration,
    /// How long a subject may take in a case, but for its first turns.
    limit: Duration,
}

impl Effort {
    /// For results.
    pub const FULL: Self = Self {
        rounds: 200,
        turn: Duration::from_millis(1),
        limit: Duration::from_secs(1),
    };
    /// For a look.
    pub const QUICK: Self = Self {
        rounds: 40,
        turn: Duration::from_micros(500),
        limit: Duration::from_millis(60),
    };
}

/// Even who is slow has so many turns.
const AT_LEAST: usize = 3;
/// Threads that begin together do so many times at least, so that they are at it together too.
const TOGETHER: u32 = 1 << 15;

/// Nanoseconds for one time.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// Of the calmest round.
    pub min: f64,
    /// Of the middle one.
    pub median: f64,
}

/// Times workloads against each other.
pub fn time(workloads: &mut [Workload], effort: Effort) -> Vec<Time> {
    let mut racers: Vec<Racer<'_>> = workloads
        .iter_mut()
        .map(|workload| Racer::new(workload, effort.turn))
        .collect();
    for _ in 0..effort.rounds {
        for racer in &mut racers {
            racer.turn(effort.limit);
        }
    }
    racers.into_iter().map(Racer::time).collect()
}

struct Racer<'w> {
    workload: &'w mut Workload,
    times: u32,
    taken: Duration,
    figures: Vec<f64>,
}

impl<'w> Racer<'w> {
    /// Finds out how often fits into a turn. Caches and branch predictors know the work afterwards.
    fn new(workload: &'w mut Workload, turn: Duration) -> Self {
        let times = workload.times.unwrap_or_else(|| {
            let mut times = if workload.threads > 1 { TOGETHER } else { 1 };
            loop {
                let elapsed = workload.run(times).elapsed;
                if elapsed >= turn / 2 || times >= 1 << 24 {
                    return times;
                }
                times *= 2;
            }
        });
        Self {
            workload,
            times,
            taken: Duration::ZERO,
            figures: Vec::new(),
        }
    }

    fn turn(&mut self, limit: Duration) {
        if self.taken >= limit && self.figures.len() >= AT_LEAST {
            return;
        }
        let elapsed = self.workload.run(self.times).elapsed;
        self.taken += elapsed;
        self.figures
            .push(elapsed.as_secs_f64() * 1e9 / f64::from(self.times));
    }

    fn time(self) -> Time {
        Time::of(self.figures)
    }
}

impl Time {
    /// Of so many figures, at least one.
    #[must_use]
    pub fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        Self {
            min: figures.first().copied().unwrap_or(f64::NAN),
            median: figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN),
        }
    }
}
