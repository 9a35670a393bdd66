//! Observers that are ready to use.

#[cfg(feature = "metrics")]
mod metrics;

#[cfg(feature = "metrics")]
pub use self::metrics::{MetricsError, MetricsObserver};
