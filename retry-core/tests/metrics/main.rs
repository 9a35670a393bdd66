//! What a real exporter shows of calls and guards.

mod concurrent;
mod counted_once;
mod guards;
mod names;
mod parser;
mod recorders;
#[path = "../scrape/mod.rs"]
mod scrape;
mod script;
#[path = "../support/mod.rs"]
mod support;
mod tally;
