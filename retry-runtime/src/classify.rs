//! [`Classify`](crate::Classify) for other people's errors, one file per source, and the two
//! rules for what an HTTP response says about a failure.

mod any;
mod bulkhead;
pub(crate) mod derived;
mod http;
mod infallible;
mod io;
mod open_circuit;
mod pointers;
mod stopped;
#[cfg(feature = "tokio")]
mod tokio;

pub use self::http::{http_status, parse_retry_after};
pub use self::open_circuit::met_open_circuit;
