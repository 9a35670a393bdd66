//! The peers, one file each: how its documentation says that it is used, configured for equal work.
//!
//! Three attempts, 100 ms before the second and twice that before the third, at most 30 s, no jitter, and an error that is not transient is
//! not retried. Where a peer cannot say one of these, its file says so.

mod again;
mod backoff;
mod backon;
mod backon_macros;
mod execution_policy;
mod failsafe;
mod mulligan;
mod recloser;
mod tokio;
mod tokio_retry;
mod tokio_retry2;
mod tower;
mod tower_resilience;
mod tryhard;

use std::time::Duration;

use crate::subject::Party;

/// All of them.
pub const ALL: &[Party] = &[
    backon::PEER,
    backon_macros::PEER,
    tokio_retry2::PEER,
    tokio_retry::PEER,
    backoff::PEER,
    again::PEER,
    tryhard::PEER,
    tower::PEER,
    tower_resilience::PEER,
    execution_policy::PEER,
    mulligan::PEER,
    failsafe::PEER,
    recloser::PEER,
    tokio::PEER,
];

/// Retries after the first attempt.
const RETRIES: u32 = 2;
/// The delay before the first of them.
const BASE: Duration = Duration::from_millis(100);
/// No delay is longer.
const MAX: Duration = Duration::from_secs(30);
/// For a whole call.
const DEADLINE: Duration = Duration::from_secs(30);
/// For an attempt.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long a circuit stays open.
const OPEN_FOR: Duration = Duration::from_secs(3600);

/// What a reader has to know of those that sleep on tokio's timer even for no time at all.
const TIMER: &str =
    "sleeps on tokio's timer, which takes the rest of the millisecond even for a delay of zero";
