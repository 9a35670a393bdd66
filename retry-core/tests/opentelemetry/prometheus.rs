//! What a real Prometheus exporter makes of the instruments.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};
use retry_core::observe::OpenTelemetryObserver;
use retry_core::{Budget, Bulkhead, CircuitBreaker, registry};

use crate::scenes::play_all;

/// The type of each metric, and the names of the labels that its samples have.
fn scrape(registry: &Registry) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let text = TextEncoder::new()
        .encode_to_string(&registry.gather())
        .expect("every sample is accepted");
    let mut metrics = BTreeMap::new();
    for line in text.lines() {
        if let Some(metric) = line.strip_prefix("# TYPE ") {
            let (name, kind) = metric.split_once(' ').expect("a type");
            metrics.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
        } else if !line.starts_with('#') {
            let (name, rest) = line.split_once('{').expect("labels");
            let (labels, value) = rest.rsplit_once("} ").expect("a value");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let part = ["_bucket", "_sum", "_count"];
            let family = part.iter().find_map(|part| name.strip_suffix(part));
            let (_, known) = metrics
                .get_mut(family.unwrap_or(name))
                .expect("a type comes before its samples");
            let labels = labels.split("\",").map(|label| label.split('=').next());
            known.extend(labels.flatten().map(str::to_owned));
        }
    }
    metrics
}

/// Not the bucket's bound, and nothing of the instrumentation scope.
fn is_ours(label: &str) -> bool {
    label != "le" && !label.starts_with("otel_scope_")
}

#[test]
fn the_names_are_those_of_the_documentation() {
    let registry = Registry::new();
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .without_target_info()
        .build()
        .unwrap();
    let provider = SdkMeterProvider::builder().with_reader(exporter).build();
    let observer = OpenTelemetryObserver::new().meter(&provider.meter("test"));
    let breaker = Arc::new(CircuitBreaker::new("scraped"));
    let bulkhead = Arc::new(Bulkhead::new("scraped", 1));
    let budget = Arc::new(Budget::new("scraped"));
    registry::register(&breaker).unwrap();
    registry::register(&bulkhead).unwrap();
    registry::register(&budget).unwrap();
    play_all(Box::leak(Box::new(observer)));

    let scraped: Vec<String> = scrape(&registry)
        .into_iter()
        .map(|(name, (kind, labels))| {
            let labels: Vec<String> = labels.into_iter().filter(|label| is_ours(label)).collect();
            format!("{kind} {name} {}", labels.join(" "))
        })
        .collect();
    assert_eq!(
        scraped,
        [
            "gauge budget_remaining name",
            "gauge bulkhead_in_use name",
            "histogram bulkhead_wait_seconds name",
            "gauge circuit_state name",
            "counter circuit_transitions_total name to",
            "histogram retry_attempts_per_call operation outcome",
            "counter retry_attempts_total class error_type operation outcome",
            "histogram retry_call_duration_seconds error_type operation outcome",
            "counter retry_calls_total error_type operation outcome stop_reason",
            "histogram retry_delay_seconds operation",
        ]
    );
}
