//! The SDK with its in-memory exporters, and what they hold as text.

#![allow(dead_code, reason = "each test file uses its part of this module")]

use std::fmt::{Display, Write as _};
use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracer, SdkTracerProvider, SpanData};
use retry_core::observe::OpenTelemetryObserver;

/// Where spans go.
pub(crate) struct Traces {
    exporter: InMemorySpanExporter,
    pub(crate) provider: SdkTracerProvider,
}

impl Traces {
    pub(crate) fn new() -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        Self { exporter, provider }
    }

    pub(crate) fn tracer(&self) -> SdkTracer {
        self.provider.tracer("test")
    }

    pub(crate) fn observer(&self) -> OpenTelemetryObserver {
        OpenTelemetryObserver::new().tracer(self.tracer())
    }

    /// Those that have ended, in the order in which they did.
    pub(crate) fn spans(&self) -> Vec<SpanData> {
        self.exporter.get_finished_spans().unwrap()
    }

    /// Those as text, which are forgotten.
    pub(crate) fn take_text(&self) -> String {
        let spans: Vec<String> = self.spans().iter().map(text_of_span).collect();
        self.exporter.reset();
        spans.concat()
    }
}

/// Where metrics go.
pub(crate) struct Metrics {
    exporter: InMemoryMetricExporter,
    pub(crate) provider: SdkMeterProvider,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let exporter = InMemoryMetricExporter::default();
        let provider = SdkMeterProvider::builder()
            .with_reader(PeriodicReader::builder(exporter.clone()).build())
            .build();
        Self { exporter, provider }
    }

    pub(crate) fn observer(&self) -> OpenTelemetryObserver {
        OpenTelemetryObserver::new().meter(&self.provider.meter("test"))
    }

    /// The series of the instruments whose names `wanted` wants, a line each.
    pub(crate) fn series(&self, wanted: impl Fn(&str) -> bool) -> String {
        self.exporter.reset();
        self.provider.force_flush().unwrap();
        let collected = self.exporter.get_finished_metrics().unwrap();
        // None where there is nothing to collect.
        collected
            .iter()
            .map(|collected| text_of_metrics(collected, &wanted))
            .collect()
    }
}

/// A span in lines: times are since its beginning.
pub(crate) fn text_of_span(span: &SpanData) -> String {
    let since = |time: SystemTime| -> Duration { time.duration_since(span.start_time).unwrap() };
    let mut text = format!(
        "{} {:?} {:?} {:?}\n",
        span.name,
        span.span_kind,
        since(span.end_time),
        span.status
    );
    let _ = writeln!(text, "  {}", list(&span.attributes));
    for event in &span.events.events {
        let at = since(event.timestamp);
        let _ = writeln!(text, "  {at:?} {} {}", event.name, list(&event.attributes));
    }
    text
}

pub(crate) fn list<'a>(attributes: impl IntoIterator<Item = &'a KeyValue>) -> String {
    let mut attributes: Vec<String> = attributes
        .into_iter()
        .map(|attribute| format!("{}={}", attribute.key, attribute.value))
        .collect();
    attributes.sort();
    attributes.join(" ")
}

/// The value of an attribute.
pub(crate) fn value(attributes: &[KeyValue], key: &str) -> Option<String> {
    let mut attributes = attributes.iter();
    attributes
        .find(|attribute| attribute.key.as_str() == key)
        .map(|attribute| attribute.value.to_string())
}

fn text_of_metrics(collected: &ResourceMetrics, wanted: &impl Fn(&str) -> bool) -> String {
    let metrics = collected.scope_metrics().flat_map(ScopeMetrics::metrics);
    let mut texts: Vec<String> = metrics
        .filter(|metric| wanted(metric.name()))
        .map(|metric| {
            let points = match metric.data() {
                AggregatedMetrics::F64(data) => points(data),
                AggregatedMetrics::U64(data) => points(data),
                AggregatedMetrics::I64(data) => points(data),
            };
            format!("{} [{}]\n{points}", metric.name(), metric.unit())
        })
        .collect();
    texts.sort();
    texts.join("")
}

fn points<T: Copy + Display>(data: &MetricData<T>) -> String {
    let mut lines: Vec<String> = match data {
        MetricData::Sum(sum) => sum
            .data_points()
            .map(|point| format!("  {} = {}\n", list(point.attributes()), point.value()))
            .collect(),
        MetricData::Gauge(gauge) => gauge
            .data_points()
            .map(|point| format!("  {} = {}\n", list(point.attributes()), point.value()))
            .collect(),
        MetricData::Histogram(histogram) => histogram
            .data_points()
            .map(|point| {
                let buckets = point.bounds().map(Some).chain([None]);
                let filled = buckets
                    .zip(point.bucket_counts())
                    .filter(|(_, count)| *count > 0);
                let filled: Vec<String> = filled
                    .map(|(bound, count)| match bound {
                        Some(bound) => format!("{count} up to {bound}"),
                        None => format!("{count} above"),
                    })
                    .collect();
                format!(
                    "  {} = {:.3} in {}: {}\n",
                    list(point.attributes()),
                    point.sum(),
                    point.count(),
                    filled.join(", ")
                )
            })
            .collect(),
        MetricData::ExponentialHistogram(_) => panic!("nobody has asked for one"),
    };
    lines.sort();
    lines.concat()
}
