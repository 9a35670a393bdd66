//! What an exporter finds the series of an operation or a guard by: made when it is first needed, and kept.

use std::sync::OnceLock;

use metrics::Key;

use crate::breaker::CircuitState;
use crate::class::ErrorClass;
use crate::guard::Identity;
use crate::observe::by_name::ByName;
use crate::outcome::StopReason;

/// The key of one series.
pub(super) type Kept = OnceLock<Key>;

/// Of all whose names are in the source, of which there are so many and no more.
pub(super) struct Keys {
    operations: ByName<OfOperation>,
    circuits: ByName<OfCircuit>,
    bulkheads: ByName<OfBulkhead>,
    budgets: ByName<OfBudget>,
}

/// Where there are two, the second one is of success.
#[derive(Default)]
pub(super) struct OfOperation {
    attempts: [Kept; ErrorClass::ALL.len() + 1],
    calls: [Kept; StopReason::ALL.len() + 1],
    pub(super) delays: Kept,
    durations: [Kept; 2],
    attempts_per_call: [Kept; 2],
}

#[derive(Default)]
pub(super) struct OfCircuit {
    pub(super) state: Kept,
    transitions: [Kept; 3],
}

#[derive(Default)]
pub(super) struct OfBulkhead {
    pub(super) in_use: Kept,
    pub(super) waits: Kept,
}

#[derive(Default)]
pub(super) struct OfBudget {
    pub(super) remaining: Kept,
}

/// Nothing is kept for those that are beyond the most that have a row, nor for a guard whose name is made while the program runs: there may be
/// any number of them.
impl Keys {
    pub(super) const fn new() -> Self {
        Self {
            operations: ByName::new(),
            circuits: ByName::new(),
            bulkheads: ByName::new(),
            budgets: ByName::new(),
        }
    }

    pub(super) fn of_operation(&self, name: &'static str) -> Option<&OfOperation> {
        self.operations.of(name, OfOperation::default)
    }

    pub(super) fn of_circuit(&self, guard: &Identity) -> Option<&OfCircuit> {
        self.circuits
            .of(guard.name_in_source()?, OfCircuit::default)
    }

    pub(super) fn of_bulkhead(&self, guard: &Identity) -> Option<&OfBulkhead> {
        self.bulkheads
            .of(guard.name_in_source()?, OfBulkhead::default)
    }

    pub(super) fn of_budget(&self, guard: &Identity) -> Option<&OfBudget> {
        self.budgets.of(guard.name_in_source()?, OfBudget::default)
    }
}

impl OfOperation {
    /// Of those that fail in this class, or succeed.
    pub(super) fn attempts(&self, class: Option<ErrorClass>) -> &Kept {
        &self.attempts[class.map_or(ErrorClass::ALL.len(), ErrorClass::index)]
    }

    /// Of those that stop for this reason, or succeed.
    pub(super) fn calls(&self, reason: Option<StopReason>) -> &Kept {
        &self.calls[reason.map_or(StopReason::ALL.len(), StopReason::index)]
    }

    pub(super) fn durations(&self, success: bool) -> &Kept {
        &self.durations[usize::from(success)]
    }

    pub(super) fn attempts_per_call(&self, success: bool) -> &Kept {
        &self.attempts_per_call[usize::from(success)]
    }
}

impl OfCircuit {
    pub(super) const fn transitions(&self, to: CircuitState) -> &Kept {
        let [closed, open, half_open] = &self.transitions;
        match to {
            CircuitState::Closed => closed,
            CircuitState::Open => open,
            CircuitState::HalfOpen => half_open,
        }
    }
}
