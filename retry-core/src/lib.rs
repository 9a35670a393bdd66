//! The runtime (being written).
#![forbid(unsafe_code)]

mod backoff;
mod class;
pub mod classify;
mod policy;
mod schedule;

pub use backoff::{Backoff, BackoffContext, Jitter};
pub use class::{Cause, Classification, Classify, ErrorClass, ParseErrorClassError};
pub use policy::{ClassRule, Policy, PolicyError, RetryAfter};
pub use schedule::{Schedule, ScheduledAttempt};
