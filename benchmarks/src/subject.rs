//! The subjects: who does a case.

use std::fmt;

use crate::case::Case;
use crate::workload::Workload;

/// One way to do a case.
pub struct Subject {
    /// What is done.
    pub case: Case,
    /// Who does it: `bare`, one of ours, or a peer by its crate's name.
    pub name: &'static str,
    prepare: Box<dyn Fn() -> Workload>,
}

impl Subject {
    /// Makes ready what it needs.
    #[must_use]
    pub fn prepare(&self) -> Workload {
        (self.prepare)()
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Subject")
            .field("case", &self.case.name)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Somebody who does cases.
#[derive(Debug)]
pub struct Party {
    /// A peer's is its crate's name.
    pub name: &'static str,
    /// The cases that it does.
    pub cases: fn(&mut Cases),
    /// The cases that it cannot do, and why.
    pub absent: &'static [(&'static str, &'static str)],
    /// What a reader of its figures has to know.
    pub remarks: &'static [(&'static str, &'static str)],
}

/// The cases of a party, as it lists them.
#[derive(Debug)]
pub struct Cases {
    name: &'static str,
    subjects: Vec<Subject>,
}

impl Cases {
    /// It does this case in this way.
    pub fn case(&mut self, case: Case, prepare: impl Fn() -> Workload + 'static) {
        self.subjects.push(Subject {
            case,
            name: self.name,
            prepare: Box::new(prepare),
        });
    }

    /// It does these cases in the same way, each on so many threads. `share` does a thread's share.
    pub fn on_threads<S>(&mut self, cases: [(Case, u32); 3], share: S)
    where
        S: Fn(u32) + Clone + Send + Sync + 'static,
    {
        for (case, threads) in cases {
            let share = share.clone();
            self.case(case, move || Workload::on_threads(threads, share.clone()));
        }
    }
}

impl Party {
    /// All that it does.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        let mut cases = Cases {
            name: self.name,
            subjects: Vec::new(),
        };
        (self.cases)(&mut cases);
        cases.subjects
    }
}
