//! A call that stopped.

use std::error::Error;

use crate::outcome::Stopped;
use crate::{Classification, Classify, ErrorClass};

/// `Permanent` whatever the reason: whoever stopped has already retried, so an outer retry never multiplies.
impl Classify for Stopped {
    fn classify(&self) -> Classification {
        Classification {
            retry_after: self.retry_after(),
            ..Classification::new(ErrorClass::Permanent)
        }
    }
}

pub(super) fn recognise(error: &(dyn Error + 'static)) -> Option<Classification> {
    super::any::recognise_as::<Stopped>(error)
}
