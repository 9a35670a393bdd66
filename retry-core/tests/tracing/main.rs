//! Calls as spans and events of `tracing`, as real subscribers receive them.

#[path = "../support/allocations.rs"]
mod allocations;
#[path = "../scenes/mod.rs"]
mod scenes;
#[path = "../support/mod.rs"]
mod support;

mod recorded;

mod cost;
mod filters;
mod misbehaving;
mod spans;
mod written;

use retry_core::Observer;
use retry_core::observe::TracingObserver;

static TRACING: &dyn Observer = &TracingObserver::new();
static EVERY_CALL: &dyn Observer = &TracingObserver::new().every_call();
