//! What the expansion of `#[derive(Classify)]` calls. Each function stands behind a key and has its documentation, since that is where an
//! editor looks for it.

use std::time::Duration;

use super::http_status;
use crate::{Classification, ErrorClass};

/// A field that may stand behind `status`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no HTTP status",
    label = "neither an integer nor an `http::StatusCode`",
    note = "`status` names a field that is an integer or, with the feature `http` of `retry-core`, an `http::StatusCode`",
    note = "for anything else, write a function and `with = path`"
)]
pub trait Status {
    /// The number, if it can be one.
    fn number(&self) -> Option<u16>;
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Status for $integer {
            fn number(&self) -> Option<u16> {
                u16::try_from(*self).ok()
            }
        }
    )*};
}

integers!(i8, i16, i32, i64, i128, isize, u32, u64, u128, usize);

impl Status for u8 {
    fn number(&self) -> Option<u16> {
        Some((*self).into())
    }
}

impl Status for u16 {
    fn number(&self) -> Option<u16> {
        Some(*self)
    }
}

#[cfg(feature = "http")]
impl Status for ::http::StatusCode {
    fn number(&self) -> Option<u16> {
        Some(self.as_u16())
    }
}

impl<T: Status + ?Sized> Status for &T {
    fn number(&self) -> Option<u16> {
        T::number(self)
    }
}

/// A field that may stand behind `retry_after`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say when to come back",
    label = "neither a `Duration` nor an `Option<Duration>`",
    note = "`retry_after` names a field of type `std::time::Duration` or `Option<Duration>`, counted from now",
    note = "for anything else, write a function that returns a `Classification` and `with = path`"
)]
pub trait Hint {
    /// How long to wait.
    fn hint(&self) -> Option<Duration>;
}

impl Hint for Duration {
    fn hint(&self) -> Option<Duration> {
        Some(*self)
    }
}

impl Hint for Option<Duration> {
    fn hint(&self) -> Option<Duration> {
        *self
    }
}

impl<T: Hint + ?Sized> Hint for &T {
    fn hint(&self) -> Option<Duration> {
        T::hint(self)
    }
}

/// What the function behind `with` may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` says no class",
    label = "neither an `ErrorClass` nor a `Classification`",
    note = "the function behind `with` returns `retry_core::ErrorClass` or `retry_core::Classification`"
)]
pub trait Verdict {
    /// The verdict in full.
    fn verdict(self) -> Classification;
}

impl Verdict for ErrorClass {
    fn verdict(self) -> Classification {
        self.into()
    }
}

impl Verdict for Classification {
    fn verdict(self) -> Classification {
        self
    }
}

/// `status = field`: the class is that of the HTTP status in this field, by the rule of
/// [`http_status`].
#[must_use]
pub fn status<S: Status + ?Sized>(field: &S) -> Classification {
    let class = field.number().map_or(ErrorClass::Unknown, http_status);
    Classification::new(class)
}

/// `retry_after = field`: how long the other side asked to be left alone, counted from now.
#[must_use]
pub fn retry_after<H: Hint + ?Sized>(class: Classification, field: &H) -> Classification {
    Classification {
        retry_after: field.hint(),
        ..class
    }
}

/// `with = path`: the class is what this function says.
#[must_use]
pub fn with<V: Verdict>(verdict: V) -> Classification {
    verdict.verdict()
}

/// `reason = "…"`: why it is of this class, for people who read events.
#[must_use]
pub const fn reason(class: Classification, reason: &'static str) -> Classification {
    class.with_reason(reason)
}
