//! Spans and metrics, read back from the SDK's own exporters.

#[path = "../scenes/mod.rs"]
mod scenes;
#[path = "../support/mod.rs"]
mod support;

mod backend;
mod concurrent;
mod gauges;
mod prometheus;
mod series;
mod spans;
