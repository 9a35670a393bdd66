//! Saturating arithmetic on whole nanoseconds.
//!
//! A `u128` holds the longest `Duration` times `u32::MAX` with room to spare, so the integer
//! formulas are exact; the ones with a factor go through `f64`, which is exact for whole
//! nanoseconds up to 104 days.

use std::time::Duration;

/// The longest `Duration`.
pub(super) const LONGEST: u128 = Duration::MAX.as_nanos();

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// Back to a `Duration`; more than the longest one is the longest one.
#[expect(
    clippy::cast_possible_truncation,
    reason = "`try_from` is not const, and both casts are of numbers just brought into range"
)]
pub(crate) const fn to_duration(nanos: u128) -> Duration {
    let nanos = least(nanos, LONGEST);
    Duration::new(
        (nanos / NANOS_PER_SECOND) as u64,
        (nanos % NANOS_PER_SECOND) as u32,
    )
}

pub(super) const fn least(a: u128, b: u128) -> u128 {
    if a < b { a } else { b }
}

pub(super) const fn greatest(a: u128, b: u128) -> u128 {
    if a > b { a } else { b }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "beyond 104 days a float cannot tell single nanoseconds apart, and nobody can"
)]
const fn float(nanos: u128) -> f64 {
    nanos as f64
}

/// The whole part; infinity is the greatest number, what is negative or no number is zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and so brings everything into range"
)]
const fn whole(number: f64) -> u128 {
    number as u128
}

/// From here on every `f64` is whole, and adding a half would itself be rounded.
const ALL_WHOLE: f64 = 4_503_599_627_370_496.0;

const fn nearest(number: f64) -> u128 {
    whole(if number < ALL_WHOLE {
        number + 0.5
    } else {
        number
    })
}

/// `nanos · factor`, rounded to the nearest nanosecond.
///
/// A product below zero is zero, and so is one that is no number: zero times infinity, or anything
/// times NaN.
pub(super) const fn scale(nanos: u128, factor: f64) -> u128 {
    nearest(float(nanos) * factor)
}

/// The longest whole delay d with d · factor ≤ `nanos`, for a factor of at least 1.
pub(super) const fn shrink(nanos: u128, factor: f64) -> u128 {
    whole(float(nanos) / factor)
}

/// `factor^exponent` by squaring, so that an exponent of `u32::MAX` takes 32 steps.
///
/// With a factor of at least 1 nothing on the way is zero, so overflow is infinity, never NaN.
pub(super) const fn power(factor: f64, exponent: u32) -> f64 {
    let mut result = 1.0;
    let mut square = factor;
    let mut left = exponent;
    while left > 0 {
        if left % 2 == 1 {
            result *= square;
        }
        square *= square;
        left /= 2;
    }
    result
}

/// The n-th Fibonacci number: 1, 1, 2, 3, 5 …; from the 187th on the greatest `u128`.
pub(super) const fn fibonacci(n: u32) -> u128 {
    let (mut current, mut next) = (0_u128, 1_u128);
    let mut index = 0;
    while index < n {
        let Some(sum) = current.checked_add(next) else {
            return u128::MAX;
        };
        (current, next) = (next, sum);
        index += 1;
    }
    current
}

/// The point of `[low, high]` at the fraction `random` of the way; outside of `[0, 1]` it is one of
/// the ends, and NaN is the low one.
pub(super) fn between((low, high): (u128, u128), random: f64) -> u128 {
    let width = high - low;
    low + least(scale(width, random), width)
}
