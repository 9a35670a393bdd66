//! Error types, by the derive.

use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::io;

use retry_core::{Classification, Classify, ErrorClass, Stopped};

/// What can go wrong with the store.
#[derive(Debug, Classify)]
#[classify(default = unknown)]
#[non_exhaustive]
pub enum StoreError {
    /// Too many requests.
    #[classify(rate_limit, retry_after = wait, reason = "quota of the tenant")]
    Busy {
        /// How long to stay away.
        wait: Option<Duration>,
    },
    /// An answer of the server.
    #[classify(status = 0, retry_after = 1)]
    Http(u16, Duration),
    /// The connection.
    #[classify(transparent)]
    Io(io::Error),
    /// By its code.
    #[classify(with = by_code)]
    Query(String),
    /// Somebody else was faster.
    #[classify(concurrency)]
    Conflict,
    /// Nobody knows.
    Other,
}

/// The classes of the codes.
fn by_code(code: &str) -> ErrorClass {
    if code == "40001" {
        ErrorClass::Concurrency
    } else {
        ErrorClass::Permanent
    }
}

impl fmt::Display for StoreError {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the store failed")
    }
}

impl Error for StoreError {}

impl From<io::Error> for StoreError {
    #[inline]
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Stopped> for StoreError {
    #[inline]
    fn from(_: Stopped) -> Self {
        Self::Other
    }
}

/// An error of whatever went wrong.
#[derive(Debug, Classify)]
#[classify(transparent)]
pub struct Wrapped<E>(pub(crate) Box<E>);

/// An error that says nothing of itself.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opaque;

/// An error that is always the same.
#[derive(Debug, Classify)]
#[classify(transient, crate = ::retry_core)]
#[non_exhaustive]
pub struct Lost;

/// An error by a function of all of it.
#[derive(Clone, Copy, Debug, Classify)]
#[classify(with = Self::class)]
pub struct Coded(pub(crate) u128);

impl Coded {
    /// By the number.
    const fn class(&self) -> Classification {
        if self.0 == 0 {
            Classification::new(ErrorClass::Transient)
        } else {
            Classification::new(ErrorClass::Permanent)
        }
    }
}

/// An error that cannot happen.
#[derive(Debug, Classify)]
#[non_exhaustive]
pub enum Never {}
