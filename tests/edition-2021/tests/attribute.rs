//! The run cases of `tests/attribute`, in edition 2021.

#![deny(
    warnings,
    missing_docs,
    unsafe_code,
    unused_qualifications,
    single_use_lifetimes,
    unreachable_code,
    clippy::pedantic,
    clippy::nursery
)]
// The workspace warns about the alternative, `pub` in a private module.
#![allow(clippy::redundant_pub_crate)]

// The manifest calls it `renamed`, for the sake of `renamed.rs`.
extern crate renamed as retry_core;

#[path = "../../attribute/arguments.rs"]
mod arguments;
#[path = "../../attribute/async_trait.rs"]
mod async_trait;
#[path = "../../attribute/asynchronous.rs"]
mod asynchronous;
#[path = "../../attribute/attempt.rs"]
mod attempt;
#[path = "../../attribute/blocking.rs"]
mod blocking;
#[path = "../../attribute/fallback.rs"]
mod fallback;
#[path = "../../attribute/fault.rs"]
mod fault;
#[path = "../../attribute/guards.rs"]
mod guards;
#[path = "../../attribute/hooks.rs"]
mod hooks;
#[path = "../../attribute/hygiene.rs"]
mod hygiene;
#[path = "../../attribute/keys.rs"]
mod keys;
#[path = "../../attribute/made_by_macros.rs"]
mod made_by_macros;
#[path = "../../attribute/outcome.rs"]
mod outcome;
#[path = "../../attribute/shapes.rs"]
mod shapes;
#[path = "../../attribute/stops.rs"]
mod stops;
#[path = "../../attribute/terminal_events.rs"]
mod terminal_events;
