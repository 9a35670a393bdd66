//! What the exporters have kept, for people.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::SystemTime;

use opentelemetry::trace::{SpanId, Status};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::trace::SpanData;

/// Attributes that would make the lines too long here.
const LEFT_OUT: [&str; 3] = ["exception.type", "retry.cause", "retry.class"];

/// Each trace, with its spans below it.
pub(crate) fn traces(spans: &[SpanData], out: &mut impl Write) -> io::Result<()> {
    let requests = spans
        .iter()
        .filter(|span| span.parent_span_id == SpanId::INVALID);
    for (number, request) in (1..).zip(requests) {
        writeln!(out, "Trace {number}: {}", request.name)?;
        let trace = request.span_context.trace_id();
        for span in spans {
            if span.span_context.trace_id() == trace && span.parent_span_id != SpanId::INVALID {
                print_span(span, request.start_time, out)?;
            }
        }
    }
    Ok(())
}

fn print_span(span: &SpanData, begin: SystemTime, out: &mut impl Write) -> io::Result<()> {
    let status = match &span.status {
        Status::Error { description } => format!("ERROR {description}"),
        Status::Ok | Status::Unset => "no error".to_owned(),
    };
    let from = milliseconds(begin, span.start_time);
    let to = milliseconds(begin, span.end_time);
    writeln!(out, "  {from} to {to}  {}  {status}", span.name)?;
    writeln!(out, "{:27}{}", "", list(&span.attributes))?;
    for event in &span.events.events {
        let at = milliseconds(begin, event.timestamp);
        let attributes = list(&event.attributes);
        writeln!(out, "{:14}{at}  {}  {attributes}", "", event.name)?;
    }
    Ok(())
}

fn milliseconds(begin: SystemTime, time: SystemTime) -> String {
    let since = time.duration_since(begin).unwrap_or_default();
    format!("{:5.1} ms", since.as_secs_f64() * 1000.0)
}

fn list<'a>(attributes: impl IntoIterator<Item = &'a KeyValue>) -> String {
    let told = attributes
        .into_iter()
        .filter(|attribute| !LEFT_OUT.contains(&attribute.key.as_str()));
    told.map(|KeyValue { key, value, .. }| match value {
        Value::F64(seconds) => format!("{key}={seconds:.3}"),
        Value::String(text) if text.as_str().contains(' ') => format!("{key}=\"{text}\""),
        other => format!("{key}={other}"),
    })
    .collect::<Vec<_>>()
    .join(" ")
}

/// The attributes of a series have no order.
fn labels<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> String {
    let mut attributes: Vec<_> = attributes.collect();
    attributes.sort_by_key(|attribute| attribute.key.as_str());
    list(attributes)
}

/// Each series of each instrument.
pub(crate) fn metrics(collected: &ResourceMetrics, out: &mut impl Write) -> io::Result<()> {
    for metric in collected.scope_metrics().flat_map(ScopeMetrics::metrics) {
        writeln!(out, "  {} {}", metric.name(), metric.unit())?;
        let mut lines = match metric.data() {
            AggregatedMetrics::F64(data) => series(data),
            AggregatedMetrics::U64(data) => series(data),
            AggregatedMetrics::I64(data) => series(data),
        };
        lines.sort();
        for line in lines {
            writeln!(out, "    {line}")?;
        }
    }
    Ok(())
}

fn series<T: Copy + Display>(data: &MetricData<T>) -> Vec<String> {
    let line = |value: T, attributes: String| format!("{value:>6}  {attributes}");
    match data {
        MetricData::Gauge(gauge) => gauge
            .data_points()
            .map(|point| line(point.value(), labels(point.attributes())))
            .collect(),
        MetricData::Sum(sum) => sum
            .data_points()
            .map(|point| line(point.value(), labels(point.attributes())))
            .collect(),
        MetricData::Histogram(histogram) => histogram
            .data_points()
            .map(|point| {
                let (sum, count) = (point.sum(), point.count());
                format!("{sum:>6.3} in {count}  {}", labels(point.attributes()))
            })
            .collect(),
        MetricData::ExponentialHistogram(_) => Vec::new(),
    }
}
