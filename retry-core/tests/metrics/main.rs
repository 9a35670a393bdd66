//! What a real exporter shows of calls and guards.

#[path = "../support/allocations.rs"]
mod allocations;
mod concurrent;
mod counted_once;
mod guards;
mod many;
mod names;
mod parser;
mod recorders;
#[path = "../scenes/mod.rs"]
mod scenes;
#[path = "../scrape/mod.rs"]
mod scrape;
mod series;
#[path = "../support/mod.rs"]
mod support;
mod tally;
mod waits;
