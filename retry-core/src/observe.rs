//! The observers that come with the crate.

mod message;
mod stats;
#[cfg(feature = "tracing")]
mod tracing;

pub(crate) use self::message::Message;
pub use self::stats::{AttemptsBucket, OperationStats, Stats, StatsSnapshot};
#[cfg(feature = "tracing")]
pub use self::tracing::TracingObserver;
