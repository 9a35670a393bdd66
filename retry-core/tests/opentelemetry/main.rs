//! Spans and metrics, read back from the SDK's own exporters.

#[path = "../support/mod.rs"]
mod support;

mod backend;
mod concurrent;
mod gauges;
mod prometheus;
mod script;
mod series;
mod spans;
