//! Errors whose type was erased: the first error of the chain that anybody knows speaks.

use std::error::Error;

use crate::{Classification, Classify, ErrorClass};

/// One question: is this error of the type that I know, and if so, what is it?
///
/// `Unknown` is no answer: an error further down the chain may know better.
type Known = fn(&(dyn Error + 'static)) -> Option<Classification>;

/// Everything that is recognised in a chain of sources; a new source of errors adds a line.
const KNOWN: &[Known] = &[
    super::io::recognise,
    super::stopped::recognise,
    super::open_circuit::recognise,
    super::bulkhead::recognise,
    #[cfg(feature = "tokio")]
    super::tokio::recognise,
];

/// The verdict of the first error in the chain, from the outside in, that is known.
pub(super) fn walk(error: &(dyn Error + 'static)) -> Option<Classification> {
    std::iter::successors(Some(error), |&error| error.source())
        .find_map(|error| KNOWN.iter().find_map(|recognise| recognise(error)))
}

/// The answer of one known type, for the table of [`KNOWN`].
pub(super) fn recognise_as<E: Error + Classify + 'static>(
    error: &(dyn Error + 'static),
) -> Option<Classification> {
    error
        .downcast_ref::<E>()
        .map(Classify::classify)
        .filter(|verdict| verdict.class != ErrorClass::Unknown)
}

fn walk_or_unknown(error: &(dyn Error + 'static)) -> Classification {
    walk(error).unwrap_or(Classification::new(ErrorClass::Unknown))
}

/// Walks the [`source`](Error::source) chain for the first error that is known; `Unknown` when
/// there is none.
///
/// ```
/// use retry_core::{Classify, ErrorClass};
/// use std::{error::Error, io};
///
/// let error: Box<dyn Error> = io::Error::from(io::ErrorKind::BrokenPipe).into();
/// assert_eq!(error.classify().class, ErrorClass::Transient);
///
/// let error: Box<dyn Error> = "something".into();
/// assert_eq!(error.classify().class, ErrorClass::Unknown);
/// ```
impl Classify for dyn Error {
    fn classify(&self) -> Classification {
        walk_or_unknown(self)
    }
}

/// As for `dyn Error`.
impl Classify for dyn Error + Send {
    fn classify(&self) -> Classification {
        walk_or_unknown(self)
    }
}

/// As for `dyn Error`.
impl Classify for dyn Error + Send + Sync {
    fn classify(&self) -> Classification {
        walk_or_unknown(self)
    }
}
