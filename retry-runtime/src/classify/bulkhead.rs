//! A bulkhead that is full.

use std::error::Error;

use crate::{BulkheadFull, Classification, Classify, ErrorClass};

/// `RateLimit`: a limit on how much happens at a time has been reached. It is our own, not a failure of what the bulkhead stands before, so it
/// should not count as one, and it holds until there is less to do, so a retry needs patience.
impl Classify for BulkheadFull {
    fn classify(&self) -> Classification {
        Classification::new(ErrorClass::RateLimit)
    }
}

pub(super) fn recognise(error: &(dyn Error + 'static)) -> Option<Classification> {
    super::any::recognise_as::<BulkheadFull>(error)
}
