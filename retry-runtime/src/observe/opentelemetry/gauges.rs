//! The guards of the registry, looked at whenever metrics are collected.

use opentelemetry::metrics::Meter;

use super::attributes::named;
use crate::breaker::{CircuitBreaker, CircuitState};
use crate::budget::Budget;
use crate::bulkhead::Bulkhead;
use crate::registry;

pub(super) fn register(meter: &Meter) {
    let _ = meter
        .u64_observable_gauge("circuit.state")
        .with_description("What the circuit does: 0 closed, 1 half-open, 2 open.")
        .with_callback(|gauge| {
            for breaker in registry::list::<CircuitBreaker>() {
                let state = number(breaker.state());
                gauge.observe(state, &[named("name", breaker.identity())]);
            }
        })
        .build();
    let _ = meter
        .u64_observable_gauge("bulkhead.in_use")
        .with_description("The places of the bulkhead that are taken.")
        .with_unit("{place}")
        .with_callback(|gauge| {
            for bulkhead in registry::list::<Bulkhead>() {
                let in_use = bulkhead.in_use().into();
                gauge.observe(in_use, &[named("name", bulkhead.identity())]);
            }
        })
        .build();
    let _ = meter
        .u64_observable_gauge("budget.remaining")
        .with_description("The retries that the budget would allow now.")
        .with_unit("{retry}")
        .with_callback(|gauge| {
            for budget in registry::list::<Budget>() {
                gauge.observe(budget.remaining(), &[named("name", budget.identity())]);
            }
        })
        .build();
}

const fn number(state: CircuitState) -> u64 {
    match state {
        CircuitState::Closed => 0,
        CircuitState::HalfOpen => 1,
        CircuitState::Open => 2,
    }
}
