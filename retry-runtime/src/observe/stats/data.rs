//! What has been counted, written with serde.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::snapshot::{AttemptsBucket, OperationStats};
use crate::class::ErrorClass;
use crate::outcome::StopReason;

/// The fields, in the order in which they are written, with what the methods give.
#[derive(Serialize)]
struct Shape<'a> {
    operation: &'static str,
    calls: u64,
    successes: u64,
    first_try_successes: u64,
    failures: u64,
    mean_attempts: Option<f64>,
    calls_by_attempts: &'a [AttemptsBucket],
    stop_reasons: &'a BTreeMap<StopReason, u64>,
    first_attempts: u64,
    retries: u64,
    added_load: Option<f64>,
    failed_attempts: &'a BTreeMap<ErrorClass, u64>,
    #[serde(with = "crate::duration_text")]
    slept: Duration,
}

impl Serialize for OperationStats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shape = Shape {
            operation: self.operation,
            calls: self.calls,
            successes: self.successes,
            first_try_successes: self.first_try_successes,
            failures: self.failures,
            mean_attempts: self.mean_attempts(),
            calls_by_attempts: &self.calls_by_attempts,
            stop_reasons: &self.stop_reasons,
            first_attempts: self.first_attempts,
            retries: self.retries,
            added_load: self.added_load(),
            failed_attempts: &self.failed_attempts,
            slept: self.slept,
        };
        shape.serialize(serializer)
    }
}
