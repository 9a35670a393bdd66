//! What the shared guards have in common: a name, the place where each was made, and how they refuse settings.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::panic::Location;

/// Settings that a guard cannot be built from.
///
/// The builders of the guards refuse the same by panicking, so that in a `static` it is a compile error.
///
/// ```
/// use retry_core::{Bulkhead, BulkheadSettings};
///
/// let mut settings = BulkheadSettings::DEFAULT;
/// settings.max_concurrent = 0;
/// let error = Bulkhead::from_settings("database", settings).unwrap_err();
/// assert_eq!(error.field(), "max_concurrent");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardError {
    field: &'static str,
    reason: &'static str,
}

impl GuardError {
    pub(crate) const fn new(field: &'static str, reason: &'static str) -> Self {
        Self { field, reason }
    }

    /// The setting that was refused.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// Why it was refused and what to do, in a sentence.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for GuardError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`: {}", self.field, self.reason)
    }
}

impl Error for GuardError {}

/// A guard's name, and where in the source it was made.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    name: Cow<'static, str>,
    place: &'static Location<'static>,
}

impl Identity {
    /// # Panics
    ///
    /// If the name is empty.
    #[track_caller]
    pub(crate) const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty(), "{}", NAMELESS.reason);
        Self {
            name: Cow::Borrowed(name),
            place: Location::caller(),
        }
    }

    /// The same from run-time data.
    #[track_caller]
    pub(crate) fn checked(name: Cow<'static, str>) -> Result<Self, GuardError> {
        if name.is_empty() {
            return Err(NAMELESS);
        }
        Ok(Self {
            name,
            place: Location::caller(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The name, if the guard was named in the source.
    #[cfg(feature = "metrics")]
    pub(crate) const fn name_in_source(&self) -> Option<&'static str> {
        match self.name {
            Cow::Borrowed(name) => Some(name),
            Cow::Owned(_) => None,
        }
    }

    /// The name for something that outlives the guard; free if the guard was named in the source.
    pub(crate) fn shared_name(&self) -> Cow<'static, str> {
        self.name.clone()
    }

    pub(crate) const fn place(&self) -> &'static Location<'static> {
        self.place
    }
}

const NAMELESS: GuardError = GuardError::new(
    "name",
    "A guard needs a name, by which it is found in events and in the registry: write what it guards, such as \"payments\".",
);
