//! `#[retry]` on every shape of function, run: how often the body ran, what came out, and that nothing about the expansion is warned about.

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

mod arguments;
mod async_trait;
mod asynchronous;
mod attempt;
mod blocking;
mod fallback;
mod fault;
mod guards;
mod hooks;
mod hygiene;
mod keys;
mod made_by_macros;
mod outcome;
mod shapes;
mod stops;
mod terminal_events;
