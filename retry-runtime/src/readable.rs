//! Durations as people read them.

use std::fmt;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A duration for people: `87.654ms`, `1.235s`, `2m`, `1d 4h`; "unbounded" for the longest one.
///
/// What is less than a thousandth of the unit is left out.
pub(crate) struct Readable(pub(crate) Duration);

impl fmt::Display for Readable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(duration) = *self;
        match duration {
            Duration::MAX => formatter.write_str("unbounded"),
            Duration::ZERO => formatter.write_str("0s"),
            _ if duration < MINUTE => write!(formatter, "{:?}", thousandths(duration)),
            _ => write_parts(formatter, duration.as_secs()),
        }
    }
}

/// Cut to three digits behind the point of what `Debug` prints: seconds, milliseconds, microseconds or nanoseconds.
const fn thousandths(duration: Duration) -> Duration {
    let nanos = duration.subsec_nanos();
    let thousandth = match duration.as_nanos() {
        1_000_000_000.. => 1_000_000,
        1_000_000.. => 1_000,
        _ => 1,
    };
    Duration::new(duration.as_secs(), nanos - nanos % thousandth)
}

fn write_parts(formatter: &mut fmt::Formatter<'_>, seconds: u64) -> fmt::Result {
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let mut separator = "";
    for (number, unit) in parts {
        if number > 0 {
            write!(formatter, "{separator}{number}{unit}")?;
            separator = " ";
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Duration, MINUTE, Readable};

    #[test]
    fn nobody_reads_more_than_three_digits_behind_the_point() {
        let table = [
            (Duration::ZERO, "0s"),
            (Duration::from_nanos(7), "7ns"),
            (Duration::from_nanos(1_500), "1.5µs"),
            (Duration::from_nanos(999_999), "999.999µs"),
            (Duration::from_nanos(87_654_321), "87.654ms"),
            (Duration::from_millis(100), "100ms"),
            (Duration::from_nanos(1_234_999_999), "1.234s"),
            (Duration::from_nanos(59_999_999_999), "59.999s"),
            (MINUTE, "1m"),
            (Duration::from_millis(90_061_999), "1d 1h 1m 1s"),
            (Duration::MAX, "unbounded"),
        ];
        for (duration, text) in table {
            assert_eq!(Readable(duration).to_string(), text);
        }
    }
}
