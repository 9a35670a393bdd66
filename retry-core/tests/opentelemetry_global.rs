//! The observer of the whole process, with the global providers. Alone in its process, as there can be one of each only.

#[path = "opentelemetry/backend.rs"]
mod backend;
mod scenes;
mod support;

use std::sync::LazyLock;

use backend::{Metrics, Traces};
use expect_test::expect_file;
use opentelemetry::global;
use retry_core::observe::OpenTelemetryObserver;
use retry_core::set_global_observer;
use scenes::{Driver, SCENES};

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

    let mut transcript = String::new();
    for scene in SCENES {
        scene.play(Driver::Async, &NOBODY);
        let spans = traces.spans();
        let names = spans.iter().map(|span| span.instrumentation_scope.name());
        assert!(names.into_iter().all(|name| name == "retry-core"));
        transcript += &scene.titled(&traces.take_text());
    }

    // The same as with an observer that each call has.
    let series = metrics.series(|name| name != "circuit.state");
    expect_file!["opentelemetry/golden/spans.txt"].assert_eq(&transcript);
    expect_file!["opentelemetry/golden/series.txt"].assert_eq(&series);
}
