//! The error that cannot happen.

use std::convert::Infallible;

use crate::{Classification, Classify};

/// Never called, as no such error exists; for operations that only fail by their value.
impl Classify for Infallible {
    fn classify(&self) -> Classification {
        match *self {}
    }
}
