//! The formulas: golden values, refusals, bounds and distributions.

use std::fmt::Debug;
use std::panic;
use std::time::Duration;

use proptest::prelude::*;
use retry_core::{Backoff, BackoffContext, Cause, ErrorClass, Jitter};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const SECOND: Duration = secs(1);

/// The first delays without the influence of chance, in milliseconds.
fn delays<const N: usize>(backoff: Backoff) -> [u128; N] {
    let mut n = 0;
    [(); N].map(|()| {
        n += 1;
        backoff.delay(&BackoffContext::new(n), 0.0).as_millis()
    })
}

fn window(backoff: Backoff, n: u32) -> (u128, u128) {
    let (low, high) = backoff.bounds(n);
    (low.as_millis(), high.as_millis())
}

fn refusal<T: Debug>(build: impl FnOnce() -> T + panic::UnwindSafe) -> String {
    let panic = panic::catch_unwind(build).expect_err("this should have been refused");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

mod formulas {
    use super::*;

    #[test]
    fn none_is_zero() {
        assert_eq!(delays(Backoff::none()), [0, 0, 0]);
    }

    #[test]
    fn fixed_stays_the_same() {
        assert_eq!(delays(Backoff::fixed(ms(700))), [700, 700, 700]);
    }

    #[test]
    fn linear_adds_the_step_each_time() {
        let backoff = Backoff::linear(ms(300)).jitter(Jitter::None);
        assert_eq!(delays(backoff), [300, 600, 900, 1_200]);
    }

    #[test]
    fn exponential_doubles() {
        let backoff = Backoff::exponential(ms(100)).jitter(Jitter::None);
        assert_eq!(delays(backoff), [100, 200, 400, 800, 1_600]);
    }

    #[test]
    fn exponential_grows_by_its_factor() {
        let backoff = Backoff::exponential(ms(100)).jitter(Jitter::None);
        assert_eq!(delays(backoff.factor(3.0)), [100, 300, 900, 2_700]);
        assert_eq!(delays(backoff.factor(1.1)), [100, 110, 121, 133]);
        assert_eq!(delays(backoff.factor(1.0)), [100, 100, 100, 100]);
    }

    #[test]
    fn fractions_of_a_nanosecond_are_rounded() {
        let backoff = Backoff::exponential(Duration::from_nanos(1))
            .factor(1.6)
            .jitter(Jitter::None);
        let nanos = [1, 2, 3, 4].map(|n| backoff.bounds(n).0.as_nanos());
        // 1, 1.6, 2.56, 4.096
        assert_eq!(nanos, [1, 2, 3, 4]);
    }

    #[test]
    fn fibonacci_adds_the_last_two() {
        let backoff = Backoff::fibonacci(ms(100)).jitter(Jitter::None);
        assert_eq!(delays(backoff), [100, 100, 200, 300, 500, 800, 1_300]);
    }

    #[test]
    fn decorrelated_is_uniform_between_the_base_and_three_times_the_previous() {
        let backoff = Backoff::decorrelated(SECOND);
        let first = BackoffContext::new(1);
        assert_eq!(backoff.delay(&first, 0.0), SECOND);
        assert_eq!(backoff.delay(&first, 0.5), secs(2));
        assert_eq!(backoff.delay(&first, 1.0), secs(3));

        let second = BackoffContext::new(2).with_previous(secs(5));
        assert_eq!(backoff.delay(&second, 0.0), SECOND);
        assert_eq!(backoff.delay(&second, 0.5), secs(8));
        assert_eq!(backoff.delay(&second, 1.0), secs(15));

        let late = BackoffContext::new(3).with_previous(secs(20));
        assert_eq!(backoff.delay(&late, 1.0), secs(30));
    }

    #[test]
    fn decorrelated_from_zero_stays_zero() {
        let backoff = Backoff::decorrelated(Duration::ZERO);
        assert_eq!(backoff.bounds(u32::MAX), (Duration::ZERO, Duration::ZERO));
    }

    #[test]
    fn token_grows_by_half_with_equal_jitter() {
        let backoff = Backoff::token(ms(400));
        assert_eq!(window(backoff, 1), (200, 400));
        assert_eq!(window(backoff, 2), (300, 600));
        assert_eq!(window(backoff, 3), (450, 900));
    }

    #[test]
    fn schedule_repeats_its_last_delay() {
        let backoff = Backoff::schedule(const { &[ms(5), ms(50), ms(20)] });
        assert_eq!(delays(backoff), [5, 50, 20, 20, 20]);
        assert_eq!(backoff.bounds(u32::MAX), (ms(20), ms(20)));
    }

    #[test]
    fn custom_is_what_the_function_says_of_what_it_is_told() {
        fn ask(context: &BackoffContext) -> Duration {
            assert_eq!(context.class, ErrorClass::RateLimit);
            assert_eq!(context.cause, Cause::Value);
            assert_eq!(context.retry_after, Some(ms(7)));
            assert_eq!(context.remaining, Some(ms(8)));
            assert_eq!(context.previous, Some(ms(9)));
            ms(1_000) * context.attempt + ms(1) * context.failures
        }
        let context = BackoffContext::new(2)
            .with_attempt(4)
            .with_class(ErrorClass::RateLimit)
            .with_cause(Cause::Value)
            .with_retry_after(ms(7))
            .with_remaining(ms(8))
            .with_previous(ms(9));
        assert_eq!(Backoff::custom(ask).delay(&context, 0.9), ms(4_002));
    }

    #[test]
    fn failure_zero_counts_as_the_first() {
        for backoff in [
            Backoff::linear(SECOND),
            Backoff::exponential(SECOND),
            Backoff::fibonacci(SECOND),
            Backoff::decorrelated(SECOND),
            Backoff::schedule(const { &[SECOND, secs(2)] }),
        ] {
            assert_eq!(backoff.bounds(0), backoff.bounds(1), "{backoff:?}");
        }
    }
}

mod jitter {
    use super::*;

    #[test]
    fn none_leaves_the_delay_alone() {
        let backoff = Backoff::exponential(SECOND).jitter(Jitter::None);
        assert_eq!(window(backoff, 2), (2_000, 2_000));
    }

    #[test]
    fn full_goes_down_to_zero() {
        let backoff = Backoff::fixed(SECOND).jitter(Jitter::Full);
        assert_eq!(window(backoff, 1), (0, 1_000));
        assert_eq!(backoff.delay(&BackoffContext::new(1), 0.25), ms(250));
    }

    #[test]
    fn equal_goes_down_to_half() {
        let backoff = Backoff::fixed(SECOND).jitter(Jitter::Equal);
        assert_eq!(window(backoff, 1), (500, 1_000));
        assert_eq!(backoff.delay(&BackoffContext::new(1), 0.5), ms(750));
    }

    #[test]
    fn spread_goes_to_both_sides() {
        let backoff = Backoff::fixed(SECOND).jitter(Jitter::Spread(0.3));
        assert_eq!(window(backoff, 1), (700, 1_300));
        assert_eq!(backoff.delay(&BackoffContext::new(1), 0.5), SECOND);
    }

    #[test]
    fn growing_backoffs_have_full_jitter_and_the_others_none_unless_told_otherwise() {
        for backoff in [
            Backoff::exponential(SECOND),
            Backoff::linear(SECOND),
            Backoff::fibonacci(SECOND),
        ] {
            assert_eq!(window(backoff, 1), (0, 1_000), "{backoff:?}");
        }
        for backoff in [Backoff::fixed(SECOND), Backoff::schedule(&[SECOND])] {
            assert_eq!(window(backoff, 1), (1_000, 1_000), "{backoff:?}");
        }
        let custom = Backoff::custom(|_| SECOND);
        assert_eq!(custom.delay(&BackoffContext::new(1), 0.0), SECOND);
    }

    #[test]
    fn chance_that_is_no_chance_is_brought_into_range() {
        let backoff = Backoff::fixed(SECOND).jitter(Jitter::Equal);
        let delay = |random| backoff.delay(&BackoffContext::new(1), random).as_millis();
        assert_eq!(delay(f64::NAN), 500);
        assert_eq!(delay(-7.0), 500);
        assert_eq!(delay(f64::NEG_INFINITY), 500);
        assert_eq!(delay(7.0), 1_000);
        assert_eq!(delay(f64::INFINITY), 1_000);
    }
}

mod limits {
    use super::*;

    #[test]
    fn growing_backoffs_stop_at_thirty_seconds_unless_told_otherwise() {
        for backoff in [
            Backoff::exponential(SECOND),
            Backoff::linear(SECOND),
            Backoff::fibonacci(SECOND),
            Backoff::decorrelated(SECOND),
            Backoff::token(SECOND),
        ] {
            assert_eq!(backoff.bounds(u32::MAX).1, secs(30), "{backoff:?}");
        }
    }

    #[test]
    fn a_base_or_a_minimum_above_thirty_seconds_raises_the_default_maximum() {
        assert_eq!(Backoff::exponential(secs(60)).bounds(9).1, secs(60));
        let raised = Backoff::exponential(SECOND).min(secs(45));
        assert_eq!(raised.bounds(9), (secs(45), secs(45)));
    }

    #[test]
    fn fixed_schedule_and_custom_have_no_maximum_unless_told_otherwise() {
        let hour = secs(3_600);
        assert_eq!(Backoff::fixed(hour).bounds(1).1, hour);
        assert_eq!(
            Backoff::schedule(const { &[secs(3_600)] }).bounds(1).1,
            hour
        );
        let custom = Backoff::custom(|_| Duration::MAX);
        assert_eq!(custom.bounds(1), (Duration::ZERO, Duration::MAX));
        assert_eq!(custom.delay(&BackoffContext::new(1), 0.5), Duration::MAX);
        let capped = custom.max(hour).min(SECOND);
        assert_eq!(capped.bounds(1), (SECOND, hour));
        assert_eq!(capped.delay(&BackoffContext::new(1), 0.5), hour);
    }

    #[test]
    fn the_whole_window_of_the_jitter_fits_below_the_maximum() {
        let backoff = Backoff::exponential(SECOND).max(secs(10));
        assert_eq!(window(backoff.jitter(Jitter::Full), 9), (0, 10_000));
        assert_eq!(window(backoff.jitter(Jitter::Equal), 9), (5_000, 10_000));
        // Around 8 s, not around 10 s: 8 s + 25 % is 10 s.
        let spread = backoff.jitter(Jitter::Spread(0.25));
        assert_eq!(window(spread, 9), (6_000, 10_000));
    }

    #[test]
    fn a_minimum_raises_both_ends_of_the_window() {
        let backoff = Backoff::exponential(SECOND).min(secs(3));
        assert_eq!(window(backoff, 1), (3_000, 3_000));
        assert_eq!(window(backoff, 3), (3_000, 4_000));
        let decorrelated = Backoff::decorrelated(SECOND).min(secs(5));
        assert_eq!(window(decorrelated, 1), (5_000, 5_000));
        assert_eq!(window(decorrelated, 2), (5_000, 15_000));
    }

    #[test]
    fn everything_saturates() {
        let longest = Duration::MAX;
        for backoff in [
            Backoff::linear(longest).jitter(Jitter::None),
            Backoff::exponential(longest).jitter(Jitter::None),
            Backoff::exponential(longest)
                .factor(f64::MAX)
                .jitter(Jitter::None),
            Backoff::exponential(Duration::from_nanos(1))
                .factor(f64::MAX)
                .max(longest)
                .jitter(Jitter::None),
            Backoff::fibonacci(longest).jitter(Jitter::None),
            Backoff::fibonacci(Duration::from_nanos(1))
                .max(longest)
                .jitter(Jitter::None),
            Backoff::exponential(Duration::from_nanos(1))
                .max(longest)
                .jitter(Jitter::None),
        ] {
            assert_eq!(backoff.bounds(u32::MAX), (longest, longest), "{backoff:?}");
        }
        let decorrelated = Backoff::decorrelated(Duration::from_nanos(1)).max(longest);
        assert_eq!(decorrelated.bounds(u32::MAX).1, longest);
    }

    #[test]
    fn zero_stays_zero_however_large_the_factor() {
        let backoff = Backoff::exponential(Duration::ZERO).factor(f64::MAX);
        assert_eq!(backoff.bounds(u32::MAX), (Duration::ZERO, Duration::ZERO));
    }

    #[test]
    fn long_waits_are_exact_to_the_nanosecond() {
        // 2^53 − 1 nanoseconds, the last odd number that a float can tell from its neighbours.
        let odd = Duration::from_nanos(9_007_199_254_740_991);
        let backoff = Backoff::exponential(odd)
            .max(Duration::MAX)
            .jitter(Jitter::None);
        assert_eq!(backoff.bounds(1), (odd, odd));
    }

    #[test]
    fn bounds_of_a_late_failure_are_quick_enough_for_a_const() {
        const SLOW: Backoff = Backoff::exponential(Duration::from_nanos(1)).factor(1.000_000_001);
        const BOUNDS: (Duration, Duration) = SLOW.bounds(u32::MAX);
        const FIBONACCI: (Duration, Duration) = Backoff::fibonacci(SECOND).bounds(u32::MAX);
        assert_eq!(BOUNDS.1, Duration::from_nanos(73));
        assert_eq!(FIBONACCI.1, secs(30));
    }
}

mod refused {
    use super::*;

    #[test]
    fn a_factor_that_is_not_finite_or_below_one() {
        for factor in [0.999, 0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let message = refusal(move || Backoff::exponential(SECOND).factor(factor));
            assert_eq!(
                message,
                "the factor of a backoff must be a finite number of at least 1: with less the delays would shrink."
            );
        }
    }

    #[test]
    fn a_factor_on_what_is_not_exponential() {
        for backoff in [
            Backoff::none(),
            Backoff::fixed(SECOND),
            Backoff::linear(SECOND),
            Backoff::fibonacci(SECOND),
            Backoff::decorrelated(SECOND),
            Backoff::schedule(&[SECOND]),
            Backoff::custom(|_| SECOND),
        ] {
            assert_eq!(
                refusal(move || backoff.factor(2.0)),
                "only an exponential backoff has a factor: remove `factor`, or use `exponential`."
            );
        }
    }

    #[test]
    fn a_spread_outside_of_zero_to_one() {
        for spread in [-0.001, 1.001, f64::NAN, f64::INFINITY] {
            assert_eq!(
                refusal(move || Backoff::fixed(SECOND).jitter(Jitter::Spread(spread))),
                "the spread of a jitter must lie between 0 and 1: 0.3 spreads a delay by 30 % to both sides."
            );
        }
        let _ = Backoff::fixed(SECOND).jitter(Jitter::Spread(0.0));
        let _ = Backoff::fixed(SECOND).jitter(Jitter::Spread(1.0));
    }

    #[test]
    fn jitter_on_what_has_no_use_for_it() {
        for backoff in [Backoff::none(), Backoff::decorrelated(SECOND)] {
            let message = refusal(move || backoff.jitter(Jitter::None));
            assert!(
                message.starts_with("this backoff has no use for jitter"),
                "{message}"
            );
        }
    }

    #[test]
    fn limits_on_what_never_waits() {
        let message = refusal(|| Backoff::none().min(SECOND));
        assert!(message.contains("has no use for `min`"), "{message}");
        let message = refusal(|| Backoff::none().max(SECOND));
        assert!(message.contains("has no use for `max`"), "{message}");
    }

    #[test]
    fn an_empty_schedule() {
        assert_eq!(
            refusal(|| Backoff::schedule(&[])),
            "a schedule of delays needs at least one delay."
        );
    }

    #[test]
    fn a_minimum_above_the_maximum_in_either_order() {
        let message =
            "`min` is above `max`, which leaves no delay to choose: lower `min` or raise `max`.";
        let backoff = Backoff::exponential(ms(1));
        assert_eq!(refusal(move || backoff.min(secs(3)).max(secs(2))), message);
        assert_eq!(refusal(move || backoff.max(secs(2)).min(secs(3))), message);
        let _ = backoff.min(secs(3)).max(secs(3));
    }

    #[test]
    fn a_delay_above_the_maximum() {
        for backoff in [
            Backoff::fixed(SECOND),
            Backoff::linear(SECOND),
            Backoff::exponential(SECOND),
            Backoff::fibonacci(SECOND),
            Backoff::decorrelated(SECOND),
            Backoff::token(SECOND),
            Backoff::schedule(const { &[ms(1), SECOND, ms(1)] }),
        ] {
            assert_eq!(
                refusal(move || backoff.max(ms(999))),
                "a delay of the backoff is above its `max`: lower the delay or raise `max`."
            );
            let _ = backoff.max(SECOND);
        }
    }

    #[test]
    fn nothing_because_of_a_default_maximum() {
        let _ = Backoff::exponential(secs(3_600))
            .min(secs(7_200))
            .max(secs(7_200));
    }
}

mod equality {
    use super::*;

    #[test]
    fn a_default_that_is_spelled_out_makes_no_difference() {
        let spelled_out = Backoff::exponential(SECOND)
            .factor(2.0)
            .max(secs(30))
            .min(Duration::ZERO)
            .jitter(Jitter::Full);
        assert_eq!(Backoff::exponential(SECOND), spelled_out);
        assert_eq!(
            Backoff::token(SECOND),
            Backoff::exponential(SECOND)
                .factor(1.5)
                .jitter(Jitter::Equal)
        );
    }

    #[test]
    fn every_setting_makes_a_difference() {
        let backoff = Backoff::exponential(SECOND);
        for other in [
            Backoff::exponential(secs(2)),
            Backoff::linear(SECOND),
            backoff.factor(3.0),
            backoff.min(ms(1)),
            backoff.max(secs(31)),
            backoff.jitter(Jitter::Equal),
        ] {
            assert_ne!(backoff, other);
        }
    }
}

fn any_duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::from_nanos(1)),
        Just(Duration::MAX),
        Just(secs(u64::MAX)),
        any::<u32>().prop_map(|nanos| Duration::from_nanos(nanos.into())),
        any::<u64>().prop_map(Duration::from_nanos),
        (any::<u64>(), 0_u32..1_000_000_000).prop_map(|(s, n)| Duration::new(s, n)),
    ]
}

fn any_n() -> impl Strategy<Value = u32> {
    prop_oneof![0_u32..200, any::<u32>(), Just(u32::MAX)]
}

fn any_factor() -> impl Strategy<Value = f64> {
    prop_oneof![
        1.0..4.0,
        Just(1.0),
        Just(f64::MAX),
        Just(1.0 + f64::EPSILON)
    ]
}

fn any_jitter() -> impl Strategy<Value = Jitter> {
    prop_oneof![
        Just(Jitter::None),
        Just(Jitter::Full),
        Just(Jitter::Equal),
        (0.0..=1.0).prop_map(Jitter::Spread),
        Just(Jitter::Spread(0.0)),
        Just(Jitter::Spread(1.0)),
    ]
}

/// Any backoff that only ever grows, without limits, and its base.
fn any_unlimited() -> impl Strategy<Value = (Backoff, Duration)> {
    (0..6, any_duration(), any_factor(), any_jitter()).prop_map(|(kind, base, factor, jitter)| {
        let backoff = match kind {
            0 => Backoff::fixed(base).jitter(jitter),
            1 => Backoff::linear(base).jitter(jitter),
            2 => Backoff::exponential(base).factor(factor).jitter(jitter),
            3 => Backoff::fibonacci(base).jitter(jitter),
            4 => Backoff::decorrelated(base),
            _ => Backoff::token(base),
        };
        (backoff, base)
    })
}

/// The same with both limits, which come along.
fn any_limited() -> impl Strategy<Value = (Backoff, Duration, Duration)> {
    (any_unlimited(), any_duration(), any_duration()).prop_map(|((backoff, base), min, max)| {
        let max = max.max(min).max(base);
        (backoff.min(min).max(max), min, max)
    })
}

/// The same with any limits, or none.
fn any_growing() -> impl Strategy<Value = Backoff> {
    prop_oneof![
        any_unlimited().prop_map(|(backoff, _)| backoff),
        (any_unlimited(), any_duration()).prop_map(|((backoff, _), min)| backoff.min(min)),
        any_limited().prop_map(|(backoff, _, _)| backoff),
    ]
}

proptest! {
    #[test]
    fn a_delay_lies_within_its_bounds(backoff in any_growing(), n in any_n(), random in proptest::num::f64::ANY) {
        let (low, high) = backoff.bounds(n);
        prop_assert!(low <= high);
        let delay = backoff.delay(&BackoffContext::new(n), random);
        prop_assert!((low..=high).contains(&delay), "{:?} outside of {:?}..={:?}", delay, low, high);
    }

    #[test]
    fn delays_that_follow_each_other_lie_within_their_bounds(
        backoff in any_growing(),
        chance in proptest::collection::vec(0.0..=1.0, 1..12),
    ) {
        let mut context = BackoffContext::new(0);
        for (n, random) in (1..).zip(chance) {
            context.failures = n;
            let delay = backoff.delay(&context, random);
            let (low, high) = backoff.bounds(n);
            prop_assert!((low..=high).contains(&delay), "{:?} outside of {:?}..={:?}", delay, low, high);
            context = context.with_previous(delay);
        }
    }

    #[test]
    fn both_ends_of_the_window_are_reached(backoff in any_growing(), n in any_n()) {
        let (low, high) = backoff.bounds(n);
        let mut context = BackoffContext::new(n);
        if n > 1 {
            context = context.with_previous(backoff.bounds(n - 1).1);
        }
        prop_assert_eq!(backoff.delay(&context, 0.0), low);
        // Up to the rounding of a float, which shows in waits of centuries.
        let rest = high.abs_diff(backoff.delay(&context, 1.0));
        prop_assert!(rest <= high / 1_000_000_000, "{:?} below the end", rest);
    }

    #[test]
    fn limits_hold_whatever_the_failure(
        (backoff, min, max) in any_limited(),
        n in any_n(),
        previous in any_duration(),
        random in proptest::num::f64::ANY,
    ) {
        let context = BackoffContext::new(n).with_previous(previous);
        let delay = backoff.delay(&context, random);
        prop_assert!((min..=max).contains(&delay), "{:?}", delay);
    }

    #[test]
    fn growing_backoffs_never_shrink(backoff in any_growing(), n in 0_u32..100) {
        let (low, high) = backoff.bounds(n);
        let (next_low, next_high) = backoff.bounds(n + 1);
        prop_assert!(low <= next_low, "{:?} then {:?}", low, next_low);
        prop_assert!(high <= next_high, "{:?} then {:?}", high, next_high);
    }

    #[test]
    fn every_number_is_a_factor_or_refused(factor in proptest::num::f64::ANY) {
        let accepted = panic::catch_unwind(|| Backoff::exponential(SECOND).factor(factor)).is_ok();
        prop_assert_eq!(accepted, factor.is_finite() && factor >= 1.0);
    }

    #[test]
    fn every_number_is_a_spread_or_refused(spread in proptest::num::f64::ANY) {
        let accepted = panic::catch_unwind(|| Backoff::fixed(SECOND).jitter(Jitter::Spread(spread))).is_ok();
        prop_assert_eq!(accepted, (0.0..=1.0).contains(&spread));
    }

    #[test]
    fn a_schedule_gives_its_delays_whatever_the_failure(n in any_n()) {
        const DELAYS: [Duration; 3] = [secs(3), Duration::ZERO, Duration::MAX];
        let delay = Backoff::schedule(&DELAYS).delay(&BackoffContext::new(n), 0.5);
        let index = n.clamp(1, 3) as usize - 1;
        prop_assert_eq!(delay, DELAYS[index]);
    }
}

mod distribution {
    use super::*;

    const SEED: u64 = 0x5EED;
    const DRAWS: u32 = 20_000;
    const BUCKETS: usize = 20;

    /// How the delays of failure `n` fall into equal parts of their window.
    fn histogram(backoff: Backoff, n: u32) -> [u32; BUCKETS] {
        let mut random = fastrand::Rng::with_seed(SEED);
        let (low, high) = backoff.bounds(n);
        let width = high.abs_diff(low).as_nanos() + 1;
        let mut buckets = [0; BUCKETS];
        for _ in 0..DRAWS {
            let delay = backoff.delay(&BackoffContext::new(n), random.f64());
            let place = delay.abs_diff(low).as_nanos() * BUCKETS as u128 / width;
            buckets[usize::try_from(place).unwrap()] += 1;
        }
        buckets
    }

    fn mean(backoff: Backoff, n: u32) -> f64 {
        let mut random = fastrand::Rng::with_seed(SEED);
        let total: f64 = (0..DRAWS)
            .map(|_| {
                backoff
                    .delay(&BackoffContext::new(n), random.f64())
                    .as_secs_f64()
            })
            .sum();
        total / f64::from(DRAWS)
    }

    fn jittered(jitter: Jitter) -> Backoff {
        Backoff::exponential(SECOND).max(secs(8)).jitter(jitter)
    }

    #[test]
    fn every_part_of_the_window_is_as_likely_also_next_to_the_maximum() {
        for jitter in [Jitter::Full, Jitter::Equal, Jitter::Spread(0.5)] {
            // Failure 2 is on the way up, failure 50 long at the maximum.
            for n in [2, 50] {
                let buckets = histogram(jittered(jitter), n);
                let expected = DRAWS / u32::try_from(BUCKETS).unwrap();
                for count in buckets {
                    // Six standard deviations of a fair bucket.
                    assert!(
                        count.abs_diff(expected) < 190,
                        "{jitter:?} at {n} with seed {SEED}: {buckets:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_mean_is_where_the_jitter_puts_it() {
        for (jitter, n, expected) in [
            (Jitter::None, 3, 4.0),
            (Jitter::Full, 3, 2.0),
            (Jitter::Equal, 3, 3.0),
            (Jitter::Spread(0.5), 3, 4.0),
            (Jitter::Full, 50, 4.0),
            (Jitter::Equal, 50, 6.0),
            (Jitter::Spread(0.6), 50, 5.0),
        ] {
            let mean = mean(jittered(jitter), n);
            assert!(
                (mean - expected).abs() < 0.06,
                "{jitter:?} at {n} with seed {SEED}: {mean} instead of {expected}"
            );
        }
    }

    #[test]
    fn decorrelated_callers_are_spread_over_the_whole_range_and_not_on_the_maximum() {
        let backoff = Backoff::decorrelated(ms(100)).max(secs(10));
        let mut random = fastrand::Rng::with_seed(SEED);
        let mut at_most = 0;
        let mut total = 0.0;
        for _ in 0..DRAWS {
            let mut context = BackoffContext::new(0);
            for n in 1..=20 {
                context.failures = n;
                let delay = backoff.delay(&context, random.f64());
                context = context.with_previous(delay);
            }
            let last = context.previous.unwrap();
            at_most += u32::from(last > ms(9_900));
            total += last.as_secs_f64();
        }
        // The last step is uniform up to the maximum for most callers, so about 1 % are in the
        // last hundredth; capping after the draw would put about half of them there.
        assert!(
            at_most < DRAWS / 40,
            "{at_most} at the maximum with seed {SEED}"
        );
        let mean = total / f64::from(DRAWS);
        assert!((3.0..5.5).contains(&mean), "{mean} with seed {SEED}");
    }
}

#[test]
fn custom_backoffs_are_equal_if_they_ask_the_same_function() {
    fn short(context: &BackoffContext) -> Duration {
        Duration::from_millis(context.failures.into())
    }
    fn long(context: &BackoffContext) -> Duration {
        Duration::from_secs(context.failures.into())
    }
    let backoff = Backoff::custom(short);
    assert_eq!(backoff, backoff);
    assert_ne!(backoff, Backoff::custom(long));
}
