//! The observer of the whole process, with the global providers. Alone in its process, as there can be one of each only.

#[path = "opentelemetry/backend.rs"]
mod backend;
#[path = "opentelemetry/script.rs"]
mod script;
mod support;

use std::sync::LazyLock;

use backend::{Metrics, Traces, text_of_span};
use opentelemetry::global;
use retry_core::observe::OpenTelemetryObserver;
use retry_core::set_global_observer;
use support::on_tokio;

static OPEN_TELEMETRY: LazyLock<OpenTelemetryObserver> =
    LazyLock::new(OpenTelemetryObserver::global);

/// Nobody of a call's own.
static NOBODY: fn(&retry_core::Event<'_>) = |_| {};

#[test]
fn sees_what_an_observer_of_every_call_sees_and_each_transition_once() {
    let (traces, metrics) = (Traces::new(), Metrics::new());
    global::set_tracer_provider(traces.provider.clone());
    global::set_meter_provider(metrics.provider.clone());
    set_global_observer(&OPEN_TELEMETRY).unwrap();
    on_tokio(script::run(&NOBODY));

    let spans: Vec<String> = traces.spans().iter().map(text_of_span).collect();
    let series = metrics.series(|name| name != "circuit.state");
    let scopes = traces.spans();
    assert_eq!(scopes[0].instrumentation_scope.name(), "retry-core");

    // The same as with an observer that each call has.
    let golden = include_str!("opentelemetry/golden/spans.txt");
    let type_name = std::any::type_name::<support::Failure>();
    let golden = golden.replace("opentelemetry::support::Failure", type_name);
    assert_eq!(spans.join("\n"), golden);
    assert_eq!(series, include_str!("opentelemetry/golden/series.txt"));
}
