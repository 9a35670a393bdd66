//! The guards of the registry, as gauges.

use std::sync::Arc;

use opentelemetry::metrics::MeterProvider as _;
use retry_core::observe::OpenTelemetryObserver;
use retry_core::{Budget, Bulkhead, CircuitBreaker, registry};

use crate::backend::Metrics;
use crate::support::secs;

/// The gauges of the guards that this file has registered, which are all called `gauged`.
fn gauges(metrics: &Metrics) -> Vec<String> {
    let gauges = ["circuit.state", "bulkhead.in_use", "budget.remaining"];
    let series = metrics.series(|name| gauges.contains(&name));
    let (mut lines, mut instrument) = (Vec::new(), "");
    for line in series.lines() {
        match line.strip_prefix("  name=gauged") {
            Some(value) => lines.push(format!("{instrument}{value}")),
            None if line.starts_with(' ') => {}
            None => instrument = line,
        }
    }
    lines
}

#[test]
fn show_the_guards_of_the_registry_as_they_are_when_somebody_looks() {
    let metrics = Metrics::new();
    let meter = metrics.provider.meter("test");
    // Nobody has to make a call, and that two observers have the meter changes nothing.
    let _observers = [(); 2].map(|()| OpenTelemetryObserver::new().meter(&meter));

    let breaker = Arc::new(CircuitBreaker::new("gauged"));
    let bulkhead = Arc::new(Bulkhead::new("gauged", 3));
    let budget = Arc::new(Budget::new("gauged").per_window(5, secs(3600)));
    assert!(gauges(&metrics).is_empty(), "they are not registered");

    registry::register(&breaker).unwrap();
    registry::register(&bulkhead).unwrap();
    registry::register(&budget).unwrap();
    assert_eq!(
        gauges(&metrics),
        [
            "budget.remaining [{retry}] = 5",
            "bulkhead.in_use [{place}] = 0",
            "circuit.state [] = 0"
        ]
    );

    breaker.force_open();
    let inside = bulkhead.try_acquire().unwrap();
    let token = budget.withdraw(retry_core::ErrorClass::Transient).unwrap();
    assert_eq!(
        gauges(&metrics),
        [
            "budget.remaining [{retry}] = 4",
            "bulkhead.in_use [{place}] = 1",
            "circuit.state [] = 2"
        ]
    );
    drop((inside, token));

    drop(bulkhead);
    assert_eq!(
        gauges(&metrics),
        ["budget.remaining [{retry}] = 5", "circuit.state [] = 2"],
        "nobody holds it any more"
    );
}
