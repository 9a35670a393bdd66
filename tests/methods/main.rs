//! `#[retry_methods]` on blocks, run: which methods are retried, with which keys, and that nothing about the expansion is warned about.

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

mod async_trait;
mod chosen;
mod constants;
mod database;
mod endings;
mod fault;
mod instrument;
mod merged;
mod shapes;
