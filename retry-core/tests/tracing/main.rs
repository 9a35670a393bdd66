//! Calls as spans and events of `tracing`, as real subscribers receive them.

#[path = "../support/mod.rs"]
mod support;

mod recorded;
mod script;
mod written;

mod spans;

use retry_core::observe::TracingObserver;

static TRACING: TracingObserver = TracingObserver::new();
static EVERY_CALL: TracingObserver = TracingObserver::new().every_call();
