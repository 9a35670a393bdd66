//! What has been measured.

use serde_json::{Value, json};

use crate::case::Case;
use crate::timing::Time;

/// One subject in one case.
#[derive(Clone, Debug)]
pub struct Figures {
    /// What was done.
    pub case: Case,
    /// Who did it.
    pub subject: &'static str,
    /// How long it took.
    pub time: Option<Time>,
    /// Instructions.
    pub instructions: Option<f64>,
    /// Blocks of the heap: asked for, or held by a call that sleeps.
    pub allocations: Option<f64>,
    /// Their bytes; or those of machine code.
    pub bytes: Option<f64>,
    /// Bytes of the call's future.
    pub future_bytes: Option<usize>,
    /// Crates that had to be built.
    pub crates: Option<usize>,
}

impl Figures {
    /// None yet.
    #[must_use]
    pub const fn new(case: Case, subject: &'static str) -> Self {
        Self {
            case,
            subject,
            time: None,
            instructions: None,
            allocations: None,
            bytes: None,
            future_bytes: None,
            crates: None,
        }
    }

    /// The shortest time, in nanoseconds.
    #[must_use]
    pub fn ns(&self) -> Option<f64> {
        self.time.map(|time| time.min)
    }

    /// For tools.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "case": self.case.name,
            "subject": self.subject,
            "ns_min": self.time.map(|time| rounded(time.min)),
            "ns_median": self.time.map(|time| rounded(time.median)),
            "instructions": self.instructions.map(rounded),
            "allocations": self.allocations.map(rounded),
            "bytes": self.bytes.map(rounded),
            "future_bytes": self.future_bytes,
            "crates": self.crates,
        })
    }
}

/// To a hundredth: nothing here is known better.
fn rounded(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

/// All that has been measured.
#[derive(Clone, Debug, Default)]
pub struct Results(pub Vec<Figures>);

impl Results {
    /// Those of a case, in the order of the subjects.
    pub fn of(&self, case: Case) -> impl Iterator<Item = &Figures> {
        self.0.iter().filter(move |figures| figures.case == case)
    }

    /// Those of a subject in a case.
    #[must_use]
    pub fn find(&self, case: Case, subject: &str) -> Option<&Figures> {
        self.of(case).find(|figures| figures.subject == subject)
    }
}
