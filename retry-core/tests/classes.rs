//! Which class a failure is of.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use retry_core::classify::http_status;
use retry_core::{Cause, Classification, Classify, ErrorClass};

/// An error that nobody knows, around one that somebody may know.
#[derive(Debug)]
struct Around<E>(E);

impl<E> fmt::Display for Around<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("around")
    }
}

impl<E: Error + 'static> Error for Around<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[derive(Debug)]
struct Opaque;

impl fmt::Display for Opaque {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("opaque")
    }
}

impl Error for Opaque {}

fn reset() -> io::Error {
    ErrorKind::ConnectionReset.into()
}

#[test]
fn the_names_of_the_classes_are_stable() {
    let names = ErrorClass::ALL.map(ErrorClass::as_str);
    assert_eq!(
        names,
        [
            "auth",
            "permission",
            "permanent",
            "concurrency",
            "rate_limit",
            "server_error",
            "transient",
            "unknown"
        ]
    );
}

#[test]
fn a_class_is_read_back_from_what_it_prints() {
    for class in ErrorClass::ALL {
        assert_eq!(class.to_string(), class.as_str());
        assert_eq!(class.to_string().parse(), Ok(class));
    }
}

#[test]
fn a_name_that_is_no_class_is_refused_with_the_ones_there_are() {
    let error = "Transient".parse::<ErrorClass>().unwrap_err().to_string();
    assert_eq!(
        error,
        "`Transient` is not an error class; write one of `auth`, `permission`, `permanent`, \
         `concurrency`, `rate_limit`, `server_error`, `transient`, `unknown`"
    );
}

#[test]
fn auth_permission_and_permanent_are_never_retried() {
    let never: Vec<_> = ErrorClass::ALL
        .into_iter()
        .filter(|class| !class.is_retryable())
        .collect();
    assert_eq!(
        never,
        [
            ErrorClass::Auth,
            ErrorClass::Permission,
            ErrorClass::Permanent
        ]
    );
}

#[test]
fn a_class_and_a_cause_align_in_a_table() {
    assert_eq!(format!("{:>6}|", ErrorClass::Auth), "  auth|");
    assert_eq!(format!("{:<8}|", Cause::Timeout), "timeout |");
}

#[test]
fn the_names_of_the_causes_are_stable() {
    let names = [Cause::Error, Cause::Value, Cause::Timeout].map(Cause::as_str);
    assert_eq!(names, ["error", "value", "timeout"]);
}

#[test]
fn a_classification_from_a_class_has_no_hint_and_no_reason() {
    let verdict = Classification::from(ErrorClass::Concurrency);
    assert_eq!(verdict, Classification::new(ErrorClass::Concurrency));
    assert_eq!((verdict.retry_after, verdict.reason), (None, None));
}

#[test]
fn http_statuses_follow_the_table() {
    let expected = |status: u16| match status {
        401 => ErrorClass::Auth,
        403 => ErrorClass::Permission,
        408 | 425 => ErrorClass::Transient,
        409 | 423 => ErrorClass::Concurrency,
        429 => ErrorClass::RateLimit,
        501 | 505 => ErrorClass::Permanent,
        status if status / 100 == 4 => ErrorClass::Permanent,
        status if status / 100 == 5 => ErrorClass::ServerError,
        _ => ErrorClass::Unknown,
    };
    for status in 0..=u16::MAX {
        assert_eq!(http_status(status), expected(status), "{status}");
    }
}

#[test]
fn io_errors_are_classified_by_kind() {
    let table = [
        (
            ErrorClass::Transient,
            &[
                ErrorKind::TimedOut,
                ErrorKind::ConnectionRefused,
                ErrorKind::ConnectionReset,
                ErrorKind::ConnectionAborted,
                ErrorKind::NotConnected,
                ErrorKind::BrokenPipe,
                ErrorKind::Interrupted,
                ErrorKind::WouldBlock,
                ErrorKind::UnexpectedEof,
                ErrorKind::HostUnreachable,
                ErrorKind::NetworkUnreachable,
                ErrorKind::NetworkDown,
            ][..],
        ),
        (ErrorClass::Permission, &[ErrorKind::PermissionDenied]),
        (
            ErrorClass::Concurrency,
            &[
                ErrorKind::ResourceBusy,
                ErrorKind::Deadlock,
                ErrorKind::ExecutableFileBusy,
            ],
        ),
        (ErrorClass::RateLimit, &[ErrorKind::QuotaExceeded]),
        (
            ErrorClass::Permanent,
            &[
                ErrorKind::NotFound,
                ErrorKind::AlreadyExists,
                ErrorKind::InvalidInput,
                ErrorKind::InvalidData,
                ErrorKind::Unsupported,
                ErrorKind::StorageFull,
                ErrorKind::ReadOnlyFilesystem,
                ErrorKind::NotADirectory,
                ErrorKind::IsADirectory,
                ErrorKind::DirectoryNotEmpty,
                ErrorKind::NotSeekable,
                ErrorKind::FileTooLarge,
                ErrorKind::CrossesDevices,
                ErrorKind::TooManyLinks,
                ErrorKind::ArgumentListTooLong,
            ],
        ),
        (
            ErrorClass::Unknown,
            &[ErrorKind::Other, ErrorKind::AddrInUse, ErrorKind::WriteZero],
        ),
    ];
    for (class, kinds) in table {
        for &kind in kinds {
            assert_eq!(io::Error::from(kind).classify().class, class, "{kind:?}");
            let with_text = io::Error::new(kind, "text");
            assert_eq!(with_text.classify().class, class, "{kind:?} with a text");
        }
    }
}

#[test]
fn an_io_error_that_wraps_another_is_what_the_inner_one_is() {
    let wrapped = io::Error::new(ErrorKind::NotFound, reset());
    assert_eq!(wrapped.classify().class, ErrorClass::Transient);

    let twice = io::Error::other(io::Error::other(reset()));
    assert_eq!(twice.classify().class, ErrorClass::Transient);

    let through_a_stranger = io::Error::other(Around(reset()));
    assert_eq!(through_a_stranger.classify().class, ErrorClass::Transient);
}

#[test]
fn an_io_error_around_an_unknown_one_is_classified_by_its_kind() {
    let wrapped = io::Error::new(ErrorKind::TimedOut, Opaque);
    assert_eq!(wrapped.classify().class, ErrorClass::Transient);

    let wrapped = io::Error::new(ErrorKind::TimedOut, io::Error::other("no idea"));
    assert_eq!(wrapped.classify().class, ErrorClass::Transient);
}

#[test]
fn a_boxed_error_is_what_the_first_known_error_of_its_chain_is() {
    let boxed: Box<dyn Error + Send + Sync> = Box::new(Around(Around(reset())));
    assert_eq!(boxed.classify().class, ErrorClass::Transient);

    let denied = io::Error::from(ErrorKind::PermissionDenied);
    let boxed: Box<dyn Error> = Box::new(denied);
    assert_eq!(boxed.classify().class, ErrorClass::Permission);

    let boxed: Box<dyn Error + Send> = Box::new(Around(reset()));
    assert_eq!(boxed.classify().class, ErrorClass::Transient);
}

#[test]
fn an_unknown_error_of_the_chain_does_not_hide_a_known_one_below() {
    let boxed: Box<dyn Error> = Box::new(Around(io::Error::other(Around(reset()))));
    assert_eq!(boxed.classify().class, ErrorClass::Transient);
}

#[test]
fn a_chain_of_strangers_is_unknown() {
    let boxed: Box<dyn Error> = Box::new(Around(Opaque));
    assert_eq!(boxed.classify(), Classification::new(ErrorClass::Unknown));
    let text: Box<dyn Error + Send + Sync> = "only a text".into();
    assert_eq!(text.classify().class, ErrorClass::Unknown);
}

#[test]
fn what_points_to_an_error_is_what_the_error_is() {
    struct Limited;

    impl Classify for Limited {
        fn classify(&self) -> Classification {
            Classification::new(ErrorClass::RateLimit)
                .with_retry_after(Duration::from_secs(1))
                .with_reason("quota")
        }
    }

    fn verdict(error: impl Classify) -> Classification {
        error.classify()
    }

    let expected = Limited.classify();
    assert_eq!(verdict(&Limited), expected);
    assert_eq!(verdict(Box::new(Limited)), expected);
    assert_eq!(verdict(Arc::new(Limited)), expected);
    assert_eq!(verdict(Rc::new(Limited)), expected);
    let erased: Box<dyn Classify> = Box::new(Limited);
    assert_eq!(verdict(erased), expected);
    let shared: Arc<dyn Error + Send + Sync> = Arc::new(reset());
    assert_eq!(verdict(shared).class, ErrorClass::Transient);
}

#[test]
fn infallible_can_be_the_error_of_an_operation() {
    fn needs_a_classification<E: Classify>(_: Result<(), E>) {}
    needs_a_classification::<Infallible>(Ok(()));
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn a_timeout_of_tokio_is_transient() {
    let elapsed = tokio::time::timeout(Duration::ZERO, std::future::pending::<()>())
        .await
        .unwrap_err();
    let boxed: Box<dyn Error> = Box::new(Around(elapsed));
    assert_eq!(boxed.classify().class, ErrorClass::Transient);
}
