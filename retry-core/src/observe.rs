//! The observers that come with the crate.

mod stats;

pub use self::stats::{AttemptsBucket, OperationStats, Stats, StatsSnapshot};
