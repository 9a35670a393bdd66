//! Retries that know why an attempt failed, when to stop, and what to say about it.
//!
//! A [`Policy`] says how often, how long and how patiently to try; it is plain data and is checked when the program is compiled. A failure has
//! one of eight [classes](ErrorClass), and each class may have its own [`Backoff`]. Every call ends with success or for a named
//! [`StopReason`], and tells its [`Observer`] on the way.
//!
#![cfg_attr(feature = "macros", doc = "```")]
#![cfg_attr(not(feature = "macros"), doc = "```ignore")]
//! use retry_core::retry;
//! use std::io;
//!
//! #[retry]
//! fn read_config(path: &str) -> io::Result<String> {
//!     std::fs::read_to_string(path)
//! }
//! # assert!(read_config("Cargo.toml").is_ok());
//! ```
//!
//! # The tour
//!
//! - **A function**: [`#[retry]`](macro@retry) on it, with keys such as `attempts = 5` or `deadline = "30s"`.
//! - **A whole `impl` block**: [`#[retry_methods]`](macro@retry_methods) on it; its methods override the defaults key by key.
//! - **Your own error type**: [`#[derive(Classify)]`](derive@Classify) on it, implement [`Classify`](trait@Classify), or pass `classify = …`.
//! - **A piece of code**: [`Policy::call`] gives a [`Call`]; [`run`](Call::run) it, or [`run_blocking`](Call::run_blocking).
//! - **What happened**: [`execute`](Call::execute), or `returns = outcome` in the attribute, gives an [`Outcome`]; an [`Observer`] sees every
//!   [`Event`]; a parameter marked `#[attempt]` gives the body its [`Attempt`].
//! - **Seeing it**: [`observe`] has the observers that come with the crate; [`Stats`] counts, and prints a table.
//! - **Limits that calls share**: a [`CircuitBreaker`], a [`Budget`] or a [`Bulkhead`], behind the keys `breaker`, `budget` and `bulkhead` or the
//!   methods of [`Call`] of the same names, and on its own; the [`registry`] finds them by name.
//! - **Stopping from outside**: an [`AbortSignal`], or anything else that is an [`Abort`].
//! - **Policies from files**: feature `serde`; what comes in is validated.
//! - **What a program retries**: feature `inventory`; `retry_core::sites()` lists every attribute in it with its worst case, and lints say what
//!   is most often a mistake.
//! - **An error of the macros**: [`docs::reading_the_errors`] says what to do about it.
//! - **Tests**: [`testing`] has virtual time and a switch that skips all waits.
//!
//! # What is counted and measured
//!
//! `attempts` always counts attempts, never retries: `attempts = 1` never retries. The deadline covers the whole call. It does not cut an attempt
//! unless there is an attempt timeout too; but no sleep that would reach it is begun.
//!
//! # Features
//!
//! | feature | default | what |
//! |---|---|---|
//! | `macros` | yes | the attribute and the derive |
//! | `tokio` | yes | async calls sleep on tokio's timer. Without it, give an async [`Call`] a [`sleeper`](Call::sleeper) |
//! | `tokio-util` | | `CancellationToken` is an [`Abort`] |
//! | `tracing` | | `observe::TracingObserver` writes spans and events for the `tracing` facade |
//! | `log` | | `observe::LogObserver` writes lines for the `log` facade |
//! | `serde` | | policies from configuration files, statistics and a [`Timeline`] as data |
//! | `metrics` | | `observe::MetricsObserver` counts and measures calls and guards through the `metrics` facade |
//! | `inventory` | | a list of every attribute in the linked program, and lints over it |
//! | `http` | | `http::StatusCode` behind `status = …` in [`#[derive(Classify)]`](derive@Classify) |
//! | `opentelemetry` | | `observe::OpenTelemetryObserver`: spans and metrics |
#![forbid(unsafe_code)]

pub mod docs;

#[cfg(feature = "macros")]
pub use retry_macros::{Classify, retry, retry_methods};
#[doc(inline)]
pub use retry_runtime::*;
