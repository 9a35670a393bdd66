//! What each observer adds to a call, with nobody behind it and with the real thing.
//!
//! ```sh
//! cargo run --release -p benchmarks --bin observers
//! ```

use std::io;

use benchmarks::operation::{Answer, TWO_FAILURES, succeed};
use benchmarks::timing::{Effort, Time, time};
use benchmarks::workload::Workload;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;
use retry_core::observe::{LogObserver, MetricsObserver, OpenTelemetryObserver, TracingObserver};
use retry_core::{Backoff, Event, Observer, Policy, Stats};

const POLICY: Policy = Policy::new().attempts(3).backoff(Backoff::none());

static IGNORES: fn(&Event<'_>) = |_| {};
static STATS: Stats = Stats::new();
static LOG: LogObserver = LogObserver::new();
static TRACING: TracingObserver = TracingObserver::new();
static TRACING_EVERY_CALL: TracingObserver = TracingObserver::new().every_call();

/// An observer that is attached to calls, and what is behind it.
struct Observed {
    name: &'static str,
    observer: &'static dyn Observer,
}

fn main() {
    let metrics: &'static MetricsObserver = Box::leak(Box::new(
        MetricsObserver::new().expect("the first in this process"),
    ));
    let idle: &'static OpenTelemetryObserver = Box::leak(Box::new(OpenTelemetryObserver::global()));
    compare(
        "with nobody behind it",
        &[
            observed("an observer that does nothing", &IGNORES),
            observed("Stats", &STATS),
            observed("LogObserver, no logger", &LOG),
            observed("TracingObserver, no subscriber", &TRACING),
            observed("MetricsObserver, no recorder", metrics),
            observed("OpenTelemetryObserver, no provider", idle),
        ],
    );

    let traces = SdkTracerProvider::builder().build();
    // It collects once a minute, on a thread of its own.
    let reader = PeriodicReader::builder(InMemoryMetricExporter::default()).build();
    let meters = SdkMeterProvider::builder().with_reader(reader).build();
    let live = OpenTelemetryObserver::new()
        .tracer(traces.tracer("benchmark"))
        .meter(&meters.meter("benchmark"));
    let live: &'static OpenTelemetryObserver = Box::leak(Box::new(live));
    let exporter = metrics_exporter_prometheus::PrometheusBuilder::new();
    exporter.install_recorder().expect("the only recorder");
    tracing_subscriber::fmt().with_writer(io::sink).init();
    compare(
        "with the real thing behind it",
        &[
            observed("Stats", &STATS),
            observed("TracingObserver, fmt to a sink", &TRACING),
            observed("TracingObserver, every call", &TRACING_EVERY_CALL),
            observed("MetricsObserver, Prometheus", metrics),
            observed("OpenTelemetryObserver, the SDK", live),
        ],
    );
}

fn observed(name: &'static str, observer: &'static dyn Observer) -> Observed {
    Observed { name, observer }
}

fn compare(what: &str, observers: &[Observed]) {
    println!(
        "Nanoseconds that an observer adds to a blocking call, {what}: least (median) of interleaved rounds"
    );
    println!();
    println!(
        "{:<36}{:>20}{:>28}",
        "", "first-try success", "two failures, then success"
    );
    let successes = added(observers, succeed);
    let failures = added(observers, || TWO_FAILURES.attempt());
    let names = std::iter::once("no observer: the call itself")
        .chain(observers.iter().map(|observed| observed.name));
    for ((name, success), failure) in names.zip(successes).zip(failures) {
        println!("{name:<36}{:>20}{:>28}", text(success), text(failure));
    }
    println!();
}

/// The time of a call that nobody observes, then what each observer adds to it.
fn added(observers: &[Observed], operation: fn() -> Answer) -> Vec<Time> {
    let alone = Workload::sync(move || POLICY.call("plain").run_blocking(operation));
    let observed = observers.iter().map(|observed| {
        let observer = observed.observer;
        Workload::sync(move || {
            POLICY
                .call("plain")
                .observe(observer)
                .run_blocking(operation)
        })
    });
    let mut workloads: Vec<Workload> = std::iter::once(alone).chain(observed).collect();
    let times = time(&mut workloads, Effort::FULL);
    let alone = times[0];
    let more = times[1..].iter().map(|time| Time {
        min: time.min - alone.min,
        median: time.median - alone.median,
    });
    std::iter::once(alone).chain(more).collect()
}

fn text(time: Time) -> String {
    format!("{:.1} ({:.1})", time.min, time.median)
}
