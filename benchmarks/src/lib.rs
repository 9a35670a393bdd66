//! Interleaved timing: each subject in turn, round after round, so that whatever slows the machine down hits all alike.

use std::time::Instant;

/// Something to be timed: it runs so many times.
pub struct Subject<'a> {
    name: &'static str,
    run: Box<dyn FnMut(u32) + 'a>,
    /// Nanoseconds for one run, one figure a round.
    figures: Vec<f64>,
}

impl<'a> Subject<'a> {
    /// Times `operation`.
    pub fn new<R>(name: &'static str, mut operation: impl FnMut() -> R + 'a) -> Self {
        Self {
            name,
            run: Box::new(move |times| {
                for _ in 0..times {
                    std::hint::black_box(operation());
                }
            }),
            figures: Vec::new(),
        }
    }

    /// Times something that runs `times` times by itself, on threads of its own perhaps.
    pub fn whole(name: &'static str, run: impl FnMut(u32) + 'a) -> Self {
        Self {
            name,
            run: Box::new(run),
            figures: Vec::new(),
        }
    }

    fn round(&mut self, times: u32) {
        let started = Instant::now();
        (self.run)(times);
        let elapsed = started.elapsed().as_secs_f64() * 1e9;
        self.figures.push(elapsed / f64::from(times));
    }

    fn least(&self) -> f64 {
        self.figures.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn median(&mut self) -> f64 {
        self.figures.sort_by(f64::total_cmp);
        self.figures[self.figures.len() / 2]
    }
}

/// Times the subjects of a case and prints a table, in nanoseconds for one run.
pub fn compare(case: &str, rounds: u32, times: u32, mut subjects: Vec<Subject<'_>>) {
    // Caches and branch predictors know all of them before anything counts.
    for subject in &mut subjects {
        (subject.run)(times / 10);
    }
    for _ in 0..rounds {
        for subject in &mut subjects {
            subject.round(times);
        }
    }
    println!("{case}: nanoseconds, {rounds} rounds of {times}");
    println!("  {:<44} {:>8} {:>8}", "", "least", "median");
    for subject in &mut subjects {
        let (name, least, median) = (subject.name, subject.least(), subject.median());
        println!("  {name:<44} {least:>8.1} {median:>8.1}");
    }
    println!();
}
