//! The observers that come with the crate.

mod message;
mod stats;

pub(crate) use self::message::Message;
pub use self::stats::{AttemptsBucket, OperationStats, Stats, StatsSnapshot};
