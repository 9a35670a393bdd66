//! What an HTTP response says about a failure. Works on numbers and text, so that it serves
//! every client.

use std::time::{Duration, SystemTime};

use crate::ErrorClass;

/// The class of an HTTP status, the one rule for all clients.
///
/// | status | class |
/// |---|---|
/// | 401 | `Auth` |
/// | 403 | `Permission` |
/// | 408, 425 | `Transient` |
/// | 409, 423 | `Concurrency` |
/// | 429 | `RateLimit` |
/// | 501, 505 | `Permanent` |
/// | any other 5xx | `ServerError` |
/// | any other 4xx | `Permanent` |
/// | else | `Unknown` |
///
/// ```
/// use retry_core::{ErrorClass, classify::http_status};
///
/// assert_eq!(http_status(503), ErrorClass::ServerError);
/// assert_eq!(http_status(404), ErrorClass::Permanent);
/// assert_eq!(http_status(200), ErrorClass::Unknown);
/// ```
#[must_use]
pub const fn http_status(status: u16) -> ErrorClass {
    match status {
        401 => ErrorClass::Auth,
        403 => ErrorClass::Permission,
        408 | 425 => ErrorClass::Transient,
        409 | 423 => ErrorClass::Concurrency,
        429 => ErrorClass::RateLimit,
        501 | 505 | 400..=499 => ErrorClass::Permanent,
        500..=599 => ErrorClass::ServerError,
        _ => ErrorClass::Unknown,
    }
}

/// The delay that the value of a `Retry-After` header asks for (RFC 9110, section 10.2.3),
/// counted from `now`.
///
/// Takes seconds, also with a fraction, and HTTP dates in all three formats; white space around
/// either is ignored. A date in the past is zero, a number of seconds that no `Duration` holds
/// is [`Duration::MAX`]. Anything else – empty, negative, signed, with an exponent – is `None`.
///
/// ```
/// use retry_core::classify::parse_retry_after;
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let now = UNIX_EPOCH;
/// assert_eq!(parse_retry_after("120", now), Some(Duration::from_secs(120)));
/// assert_eq!(parse_retry_after("0.5", now), Some(Duration::from_millis(500)));
/// assert_eq!(
///     parse_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", now),
///     Some(Duration::from_secs(60)),
/// );
/// assert_eq!(parse_retry_after("soon", now), None);
/// ```
#[must_use]
pub fn parse_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    seconds(text).or_else(|| {
        let date = httpdate::parse_http_date(text).ok()?;
        Some(date.duration_since(now).unwrap_or(Duration::ZERO))
    })
}

/// Decimal seconds, read as two integers: a float would take `1e3`, `inf` and `NaN` for numbers
/// and round the fraction.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let only_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !only_digits(whole) || !only_digits(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let value = |byte: u8| u32::from(byte - b'0');
    let seconds = whole.bytes().try_fold(0_u64, |number, byte| {
        number.checked_mul(10)?.checked_add(value(byte).into())
    });
    // Nine digits are nanoseconds; what is written beyond them no clock can tell apart.
    let nanos = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(9)
        .fold(0, |number, byte| number * 10 + value(byte));
    Some(seconds.map_or(Duration::MAX, |seconds| Duration::new(seconds, nanos)))
}
