//! What is counted and measured as it happens.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};

use super::attributes::{
    ERROR_TYPE, becomes, class, error_type, named, outcome_of_attempt, outcome_of_call, stop_reason,
};
use crate::event::{Event, EventKind};

/// In seconds: those that the semantic conventions advise for requests, and then up to ten minutes, as calls sleep.
const SECONDS: [f64; 19] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0,
    120.0, 300.0, 600.0,
];

/// None if the call was turned away. Most policies have a few attempts, each of which one wants to see.
const ATTEMPTS: [f64; 12] = [
    0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 20.0, 50.0, 100.0,
];

#[derive(Debug)]
pub(super) struct Instruments {
    calls: Counter<u64>,
    attempts: Counter<u64>,
    delay: Histogram<f64>,
    call_duration: Histogram<f64>,
    attempts_per_call: Histogram<u64>,
    circuit_transitions: Counter<u64>,
    bulkhead_wait: Histogram<f64>,
}

impl Instruments {
    pub(super) fn new(meter: &Meter) -> Self {
        let counter = |name, unit, description| {
            let counter = meter.u64_counter(name).with_unit(unit);
            counter.with_description(description).build()
        };
        let seconds = |name, description| {
            let histogram = meter.f64_histogram(name).with_unit("s");
            let histogram = histogram.with_boundaries(SECONDS.to_vec());
            histogram.with_description(description).build()
        };
        Self {
            calls: counter("retry.calls", "{call}", "Calls that have ended."),
            attempts: counter("retry.attempts", "{attempt}", "Attempts that have ended."),
            delay: seconds("retry.delay", "Delays before the next attempt."),
            call_duration: seconds("retry.call.duration", "How long calls took, with delays."),
            attempts_per_call: meter
                .u64_histogram("retry.attempts_per_call")
                .with_unit("{attempt}")
                .with_boundaries(ATTEMPTS.to_vec())
                .with_description("How many attempts calls took.")
                .build(),
            circuit_transitions: counter(
                "circuit.transitions",
                "{transition}",
                "How often circuits have opened, become half-open and closed.",
            ),
            bulkhead_wait: seconds(
                "bulkhead.wait",
                "How long attempts waited for a place, be it in vain.",
            ),
        }
    }

    pub(super) fn record(&self, event: &Event<'_>) {
        self.record_wait(event);
        self.record_transition(event);
        match event.kind {
            EventKind::AttemptEnded => self.record_attempt(event),
            EventKind::Retry => self.record_delay(event),
            kind if kind.is_terminal() => self.record_call(event),
            _ => {}
        }
    }

    /// Each instrument takes the attributes up to its own: without a copy, and `error.type` is told of failures only.
    fn record_call(&self, event: &Event<'_>) {
        let operation = KeyValue::new("operation", event.operation);
        let outcome = KeyValue::new("outcome", outcome_of_call(event));
        let stop_reason = KeyValue::new("stop_reason", stop_reason(event));
        let seconds = event.elapsed.as_secs_f64();
        let attempts = event.attempt.into();
        if let Some(error_type) = error_type(event) {
            let error_type = KeyValue::new(ERROR_TYPE, error_type);
            let attributes = [operation, outcome, error_type, stop_reason];
            self.calls.add(1, &attributes);
            self.call_duration.record(seconds, &attributes[..3]);
            self.attempts_per_call.record(attempts, &attributes[..2]);
        } else {
            let attributes = [operation, outcome, stop_reason];
            self.calls.add(1, &attributes);
            self.call_duration.record(seconds, &attributes[..2]);
            self.attempts_per_call.record(attempts, &attributes[..2]);
        }
    }

    fn record_attempt(&self, event: &Event<'_>) {
        let operation = KeyValue::new("operation", event.operation);
        let class = KeyValue::new("class", class(event));
        let outcome = KeyValue::new("outcome", outcome_of_attempt(event));
        if let Some(error_type) = error_type(event) {
            let error_type = KeyValue::new(ERROR_TYPE, error_type);
            self.attempts
                .add(1, &[operation, class, outcome, error_type]);
        } else {
            self.attempts.add(1, &[operation, class, outcome]);
        }
    }

    fn record_delay(&self, event: &Event<'_>) {
        if let Some(delay) = event.delay {
            let operation = KeyValue::new("operation", event.operation);
            self.delay.record(delay.as_secs_f64(), &[operation]);
        }
    }

    fn record_wait(&self, event: &Event<'_>) {
        if let Some((bulkhead, wait)) = event.bulkhead.zip(event.wait) {
            let name = named("name", bulkhead.identity());
            self.bulkhead_wait.record(wait.as_secs_f64(), &[name]);
        }
    }

    fn record_transition(&self, event: &Event<'_>) {
        if let Some((breaker, state)) = event.breaker.zip(becomes(event.kind)) {
            let name = named("name", breaker.identity());
            let to = KeyValue::new("to", state.as_str());
            self.circuit_transitions.add(1, &[name, to]);
        }
    }
}
