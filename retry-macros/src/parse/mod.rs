//! From tokens to the model. A mistake in one key never hides the next.

mod async_trait;
mod attempt;
mod attribute;
mod backoff;
mod function;
pub(crate) mod keys;
mod lint;
pub(crate) mod value;

pub(crate) use attempt::is_marker;
pub(crate) use attribute::{ATTRIBUTE, attribute, config_in, runtime};
pub(crate) use function::{function, is_retry, original};
