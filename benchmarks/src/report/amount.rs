//! Amounts as people read them.

/// A time in the unit that suits it.
pub(super) fn time(nanoseconds: f64) -> String {
    let size = nanoseconds.abs();
    let (value, unit) = if size < 1e3 {
        (nanoseconds, "ns")
    } else if size < 1e6 {
        (nanoseconds / 1e3, "µs")
    } else if size < 1e9 {
        (nanoseconds / 1e6, "ms")
    } else {
        (nanoseconds / 1e9, "s")
    };
    format!("{value:.1} {unit}")
}

/// A number without a fraction, unless it is small and has one.
pub(super) fn number(value: f64) -> String {
    if value.fract().abs() < 0.05 || value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}
