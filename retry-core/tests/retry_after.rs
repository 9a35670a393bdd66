//! What a server may write into `Retry-After`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use retry_core::classify::parse_retry_after;

/// Fri, 31 Dec 1999 23:59:00 GMT.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(946_684_740)
}

fn parsed(text: &str) -> Option<Duration> {
    parse_retry_after(text, now())
}

#[test]
fn seconds_are_a_delay() {
    assert_eq!(parsed("0"), Some(Duration::ZERO));
    assert_eq!(parsed("120"), Some(Duration::from_secs(120)));
    assert_eq!(parsed("007"), Some(Duration::from_secs(7)));
}

#[test]
fn seconds_may_have_a_fraction() {
    assert_eq!(parsed("1.5"), Some(Duration::from_millis(1_500)));
    assert_eq!(parsed("0.000000001"), Some(Duration::from_nanos(1)));
    assert_eq!(parsed("0.1"), Some(Duration::from_millis(100)));
    assert_eq!(parsed("2."), Some(Duration::from_secs(2)));
    assert_eq!(parsed(".25"), Some(Duration::from_millis(250)));
    assert_eq!(
        parsed("1.9999999999999"),
        Some(Duration::new(1, 999_999_999))
    );
}

#[test]
fn white_space_around_it_is_ignored() {
    assert_eq!(parsed(" 3\t"), Some(Duration::from_secs(3)));
    assert_eq!(
        parsed("  Sat, 01 Jan 2000 00:00:00 GMT "),
        Some(Duration::from_secs(60))
    );
}

#[test]
fn a_date_is_the_time_until_then_in_all_three_formats() {
    for date in [
        "Sat, 01 Jan 2000 00:00:00 GMT",
        "Saturday, 01-Jan-00 00:00:00 GMT",
        "Sat Jan  1 00:00:00 2000",
    ] {
        assert_eq!(parsed(date), Some(Duration::from_secs(60)), "{date}");
    }
}

#[test]
fn a_past_date_is_zero() {
    assert_eq!(
        parsed("Fri, 31 Dec 1999 23:58:59 GMT"),
        Some(Duration::ZERO)
    );
}

#[test]
fn an_absurd_number_saturates() {
    assert_eq!(
        parsed("18446744073709551615"),
        Some(Duration::from_secs(u64::MAX))
    );
    assert_eq!(parsed("18446744073709551616"), Some(Duration::MAX));
    assert_eq!(parsed(&"9".repeat(400)), Some(Duration::MAX));
    assert_eq!(
        parsed(&format!("{}.5", "9".repeat(400))),
        Some(Duration::MAX)
    );
}

#[test]
fn junk_is_none() {
    for junk in [
        "",
        " ",
        ".",
        "-1",
        "+5",
        "1e3",
        "NaN",
        "inf",
        "infinity",
        "1.2.3",
        "1,5",
        "1 2",
        "0x10",
        "soon",
        "5s",
        "٣",
        "Sat, 99 Jan 2000 00:00:00 GMT",
        "2000-01-01T00:00:00Z",
    ] {
        assert_eq!(parsed(junk), None, "{junk:?}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,40}") {
        let _ = parsed(&text);
    }

    #[test]
    fn every_number_is_read_exactly(seconds: u64, nanos in 0_u32..1_000_000_000) {
        let text = format!("{seconds}.{nanos:09}");
        prop_assert_eq!(parsed(&text), Some(Duration::new(seconds, nanos)));
    }
}
