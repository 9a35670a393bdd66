//! What several ways lead to the observer is counted once.

use metrics::with_local_recorder;
use retry_core::CircuitBreaker;
use retry_core::observe::MetricsObserver;

use crate::scrape::{Scrape, recorder, scrape};
use crate::support::{AT_ONCE, TRANSIENT};

/// What is shown of calls and circuits that this observer watches.
fn shown(prefix: &str, run: impl FnOnce(&'static MetricsObserver)) -> Scrape {
    let exporter = recorder();
    with_local_recorder(&exporter, || {
        let metrics = MetricsObserver::with_prefix(prefix).expect("nobody else has it");
        run(Box::leak(Box::new(metrics)));
    });
    scrape(&exporter)
}

#[test]
fn an_observer_that_is_attached_twice_counts_a_call_once() {
    let scrape = shown("attached_twice_", |metrics| {
        let call = AT_ONCE.call("fetch").observe(metrics).observe(metrics);
        let _ = call.run_blocking(|| Err::<u8, _>(TRANSIENT));
    });
    let operation = ("operation", "fetch");
    let failure = ("outcome", "failure");
    let value = |name: &str, of: &[_]| scrape.value(&format!("attached_twice_{name}"), of);
    let calls = [operation, failure, ("stop_reason", "max_attempts_global")];
    assert_eq!(value("retry_calls_total", &calls), Some(1.0));
    let attempts = [operation, failure, ("class", "transient")];
    assert_eq!(value("retry_attempts_total", &attempts), Some(3.0));
    assert_eq!(value("retry_delay_seconds_count", &[operation]), Some(2.0));
    let duration = value("retry_call_duration_seconds_count", &[operation, failure]);
    assert_eq!(duration, Some(1.0));
}

#[test]
fn an_observer_of_a_call_and_of_its_circuit_counts_a_transition_once() {
    let scrape = shown("circuit_and_call_", |metrics| {
        let circuit = CircuitBreaker::new("payments")
            .consecutive(1)
            .observe(metrics);
        let call = AT_ONCE.call("pay").breaker(&circuit).observe(metrics);
        let _ = call.run_blocking(|| Err::<u8, _>(TRANSIENT));
        circuit.reset();
    });
    let transitions = |to| {
        scrape.value(
            "circuit_and_call_circuit_transitions_total",
            &[("name", "payments"), ("to", to)],
        )
    };
    assert_eq!(transitions("open"), Some(1.0));
    assert_eq!(transitions("closed"), Some(1.0));
    assert_eq!(transitions("half_open"), None);
}

#[test]
fn calls_that_share_an_observer_and_a_circuit_count_each_transition_once() {
    let scrape = shown("shared_", |metrics| {
        let circuit = CircuitBreaker::new("payments").consecutive(1);
        let call = |operation| AT_ONCE.call(operation).breaker(&circuit).observe(metrics);
        for operation in ["pay", "refund", "pay"] {
            let _ = call(operation).run_blocking(|| Err::<u8, _>(TRANSIENT));
            circuit.reset();
        }
    });
    let opened = scrape.value(
        "shared_circuit_transitions_total",
        &[("name", "payments"), ("to", "open")],
    );
    assert_eq!(opened, Some(3.0));
    // What somebody does by hand no call has caused.
    let all = scrape.sum("shared_circuit_transitions_total", &[]);
    assert_eq!(all, Some(3.0));
}

#[test]
fn a_circuit_that_is_made_anew_counts_on() {
    let scrape = shown("anew_", |metrics| {
        for _ in 0..3 {
            let circuit = CircuitBreaker::new("payments").consecutive(1);
            let call = AT_ONCE.call("pay").breaker(&circuit).observe(metrics);
            let _ = call.run_blocking(|| Err::<u8, _>(TRANSIENT));
        }
    });
    let opened = scrape.value(
        "anew_circuit_transitions_total",
        &[("name", "payments"), ("to", "open")],
    );
    assert_eq!(opened, Some(3.0));
}

#[test]
fn a_circuit_without_a_call_makes_no_series_of_calls() {
    let scrape = shown("alone_", |metrics| {
        let circuit = CircuitBreaker::new("payments").observe(metrics);
        circuit.force_open();
        circuit.reset();
    });
    let names: Vec<&str> = scrape.families.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["alone_circuit_state", "alone_circuit_transitions_total"]
    );
}
