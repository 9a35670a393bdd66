//! `std::io::Error`: by what it wraps, else by its kind.

use std::error::Error;
use std::io::{self, ErrorKind};

use crate::{Classification, Classify, ErrorClass};

/// An error that wraps another is what the inner one is, when that is known; else the
/// [`kind`](io::Error::kind) decides.
///
/// | kind | class |
/// |---|---|
/// | timed out, connection refused, reset or aborted, not connected, broken pipe, interrupted, would block, unexpected end, host or network unreachable, network down | `Transient` |
/// | permission denied | `Permission` |
/// | resource busy, deadlock, executable busy | `Concurrency` |
/// | quota exceeded | `RateLimit` |
/// | not found, already exists, invalid input or data, unsupported, storage full, read-only file system, not a directory, is a directory, directory not empty, not seekable, file too large, crosses devices, too many links, argument list too long | `Permanent` |
/// | any other | `Unknown` |
///
/// ```
/// use retry_core::{Classify, ErrorClass};
/// use std::io::{Error, ErrorKind};
///
/// assert_eq!(Error::from(ErrorKind::TimedOut).classify().class, ErrorClass::Transient);
///
/// let wrapped = Error::other(Error::from(ErrorKind::NotFound));
/// assert_eq!(wrapped.classify().class, ErrorClass::Permanent);
/// ```
impl Classify for io::Error {
    fn classify(&self) -> Classification {
        // `source()` of an io::Error is the source of what it wraps: the chain must be entered
        // through `get_ref`, or the wrapped error itself is never looked at.
        self.get_ref()
            .and_then(|inner| super::any::walk(inner))
            .unwrap_or(Classification::new(by_kind(self.kind())))
    }
}

pub(super) fn recognise(error: &(dyn Error + 'static)) -> Option<Classification> {
    super::any::recognise_as::<io::Error>(error)
}

fn by_kind(kind: ErrorKind) -> ErrorClass {
    match kind {
        ErrorKind::TimedOut
        | ErrorKind::ConnectionRefused
        | ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::NotConnected
        | ErrorKind::BrokenPipe
        | ErrorKind::Interrupted
        | ErrorKind::WouldBlock
        | ErrorKind::UnexpectedEof
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown => ErrorClass::Transient,
        ErrorKind::PermissionDenied => ErrorClass::Permission,
        ErrorKind::ResourceBusy | ErrorKind::Deadlock | ErrorKind::ExecutableFileBusy => {
            ErrorClass::Concurrency
        }
        ErrorKind::QuotaExceeded => ErrorClass::RateLimit,
        ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::InvalidInput
        | ErrorKind::InvalidData
        | ErrorKind::Unsupported
        | ErrorKind::StorageFull
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::DirectoryNotEmpty
        | ErrorKind::NotSeekable
        | ErrorKind::FileTooLarge
        | ErrorKind::CrossesDevices
        | ErrorKind::TooManyLinks
        | ErrorKind::ArgumentListTooLong => ErrorClass::Permanent,
        _ => ErrorClass::Unknown,
    }
}
