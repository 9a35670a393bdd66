//! `tokio::time::timeout`, used inside an operation.

use std::error::Error;

use tokio::time::error::Elapsed;

use crate::{Classification, Classify, ErrorClass};

/// `Transient`: what took too long once may be quick the next time.
impl Classify for Elapsed {
    fn classify(&self) -> Classification {
        Classification::new(ErrorClass::Transient)
    }
}

pub(super) fn recognise(error: &(dyn Error + 'static)) -> Option<Classification> {
    super::any::recognise_as::<Elapsed>(error)
}
