//! Measures this project and its peers on the same work, in one run.
//!
//! ```sh
//! cargo run --release -p benchmarks --bin compare                      # all of it; writes RESULTS.md and the plots
//! cargo run --release -p benchmarks --bin compare -- --quick           # less than two minutes; writes nothing
//! cargo run --release -p benchmarks --bin compare -- --json            # a line of JSON for each subject in each case
//! cargo run --release -p benchmarks --bin compare -- --case NAME       # one case, or several; writes nothing
//! cargo run --release -p benchmarks --bin compare -- --instructions    # nothing but instructions; writes nothing
//! ```

use std::process::exit;

use benchmarks::case::{self, Case, Group};
use benchmarks::figures::{Figures, Results};
use benchmarks::subject::Subject;
use benchmarks::timing::{Effort, time};
use benchmarks::{allocations, compile, instructions, parties, report};

/// What was asked for.
struct Request {
    cases: Vec<Case>,
    quick: bool,
    json: bool,
    only_instructions: bool,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [child, case] = arguments.as_slice()
        && child == instructions::CHILD
    {
        let subjects = Case::named(case).map(parties::subjects_of);
        return instructions::run_marked(&subjects.unwrap_or_default());
    }
    let request = Request::from(&arguments).unwrap_or_else(|problem| {
        eprintln!("{problem}");
        exit(2);
    });
    let results = request.measure();
    if request.json {
        report::print_json(&results);
    } else {
        report::print(&results);
    }
    if request.is_whole() {
        report::write(&results);
        eprintln!("written: benchmarks/RESULTS.md, benchmarks/plots/");
    }
}

impl Request {
    fn from(arguments: &[String]) -> Result<Self, String> {
        let mut request = Self {
            cases: Vec::new(),
            quick: false,
            json: false,
            only_instructions: false,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => request.quick = true,
                "--json" => request.json = true,
                "--instructions" => request.only_instructions = true,
                "--case" => {
                    let name = arguments.next().ok_or("`--case` needs a name")?;
                    let case = Case::named(name).ok_or_else(|| {
                        let names: Vec<&str> = case::ALL.iter().map(|case| case.name).collect();
                        format!("there is no case `{name}`; there are {}", names.join(", "))
                    })?;
                    request.cases.push(case);
                }
                _ => {
                    return Err(format!(
                        "`{argument}` is unknown; there are `--quick`, `--json`, `--instructions` and `--case NAME`"
                    ));
                }
            }
        }
        Ok(request)
    }

    /// Whether it is for the page of results.
    fn is_whole(&self) -> bool {
        self.cases.is_empty() && !self.quick && !self.only_instructions
    }

    /// Whether a case belongs to it. Building takes minutes: where all is to be quick, only who names it gets it.
    fn wants(&self, case: Case) -> bool {
        if self.cases.is_empty() {
            !(self.quick || self.only_instructions) || case.group != Group::Building
        } else {
            self.cases.contains(&case)
        }
    }

    fn measure(&self) -> Results {
        if !self.only_instructions {
            allocations::build();
        }
        let (building, running): (Vec<Case>, Vec<Case>) = case::ALL
            .iter()
            .copied()
            .filter(|&case| self.wants(case))
            .partition(|case| case.group == Group::Building);
        let mut figures = Vec::new();
        for case in running {
            eprintln!("{}", case.name);
            figures.extend(self.measure_case(case));
        }
        figures.extend(compile::measure(&building, if self.quick { 1 } else { 3 }));
        figures.retain(|figures| self.wants(figures.case));
        Results(figures)
    }

    fn measure_case(&self, case: Case) -> Vec<Figures> {
        let subjects = parties::subjects_of(case);
        let mut all: Vec<Figures> = subjects
            .iter()
            .map(|subject| Figures::new(case, subject.name))
            .collect();
        for (figures, instructions) in all.iter_mut().zip(instructions::count(case, &subjects)) {
            figures.instructions = instructions;
        }
        if self.only_instructions {
            return all;
        }
        for (figures, counted) in all.iter_mut().zip(allocations::count(case)) {
            figures.allocations = counted.map(|counted| counted.blocks);
            figures.bytes = counted.map(|counted| counted.bytes);
        }
        let mut workloads: Vec<_> = subjects.iter().map(Subject::prepare).collect();
        let effort = if self.quick {
            Effort::QUICK
        } else {
            Effort::FULL
        };
        let times = time(&mut workloads, effort);
        for ((figures, workload), time) in all.iter_mut().zip(&workloads).zip(times) {
            figures.future_bytes = workload.future_bytes;
            figures.time = Some(time);
        }
        all
    }
}
