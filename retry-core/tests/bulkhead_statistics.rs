//! What a bulkhead tells about itself: contention, and how long its callers wait.

mod callers;
mod support;

use std::time::Duration;

use callers::{Caller, HandTimer, NoTimer, assert_full, enter, patient};
use proptest::collection::vec;
use proptest::prelude::*;
use retry_core::Bulkhead;
use retry_core::testing::ManualClock;
use support::millis;

// Contention.

#[test]
fn a_wait_longer_than_contention_after_is_contention() {
    let timer = HandTimer(ManualClock::new());
    let _installed = timer.0.install();
    let bulkhead = patient(1).contention_after(millis(50));
    let mut permit = enter(&bulkhead);
    for (wait, contended) in [(49, 0), (50, 0), (51, 1), (500, 2)] {
        let caller = Caller::waiting(&bulkhead, &timer);
        timer.0.advance(millis(wait));
        drop(permit);
        permit = caller.permit();
        assert_eq!(bulkhead.statistics().contended, contended, "{wait} ms");
    }
    let rate = bulkhead.statistics().contention_rate();
    assert!((rate - 2.0 / 5.0).abs() < f64::EPSILON, "{rate}");
}

#[test]
fn a_long_wait_in_vain_is_contention() {
    let timer = HandTimer(ManualClock::new());
    let _installed = timer.0.install();
    let bulkhead = Bulkhead::new("pool", 1)
        .wait(millis(200))
        .contention_after(millis(50));
    let _permit = enter(&bulkhead);
    let caller = Caller::waiting(&bulkhead, &timer);
    timer.0.advance(millis(200));
    assert!(caller.full().is_timed_out());
    let statistics = bulkhead.statistics();
    assert_eq!((statistics.contended, statistics.timed_out), (1, 1));
    assert!((statistics.contention_rate() - 0.5).abs() < f64::EPSILON);
}

#[test]
fn a_long_wait_that_is_given_up_is_contention() {
    let timer = HandTimer(ManualClock::new());
    let _installed = timer.0.install();
    let bulkhead = patient(1).contention_after(millis(50));
    let permit = enter(&bulkhead);
    let callers = [(); 3].map(|()| Caller::waiting(&bulkhead, &timer));
    timer.0.advance(millis(50));
    let [first, second, third] = callers;
    drop(first);
    assert_eq!(bulkhead.statistics().contended, 0);
    timer.0.advance(millis(1));
    drop(second);
    assert_eq!(bulkhead.statistics().contended, 1);
    // Granted, and gone before he knew.
    drop(permit);
    drop(third);
    let statistics = bulkhead.statistics();
    assert_eq!((statistics.contended, statistics.given_up), (2, 3));
    assert_eq!((statistics.acquired, statistics.timed_out), (1, 0));
    assert_eq!(statistics.longest_wait(), millis(51));
}

#[test]
fn before_the_first_caller_there_is_no_contention() {
    let statistics = Bulkhead::new("pool", 1).statistics();
    assert!(statistics.contention_rate().abs() < f64::EPSILON);
    assert_eq!(statistics.mean_wait(), Duration::ZERO);
    assert_eq!(statistics.longest_wait(), Duration::ZERO);
    assert_eq!(statistics.wait_percentile(99.0), Duration::ZERO);
}

// Statistics.

/// Has somebody wait for so long, in vain.
fn wait_for(bulkhead: &Bulkhead, clock: &ManualClock, wait: Duration) {
    let caller = Caller::waiting(bulkhead, &NoTimer);
    clock.advance(wait);
    drop(caller);
}

#[test]
fn statistics_read_well() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let bulkhead = patient(3);
    let _permits = [(); 3].map(|()| enter(&bulkhead));
    assert_full(&bulkhead);
    for wait in [8, 8, 16, 64] {
        wait_for(&bulkhead, &clock, Duration::from_nanos(wait << 20));
    }
    let _caller = Caller::waiting(&bulkhead, &NoTimer);
    assert_eq!(
        bulkhead.statistics().to_string(),
        "3 of 3 in use, 1 queued; 3 acquired, 1 rejected, 0 timed out, 4 given up; 1 contended (14.3 %); \
         waits: mean 25.165824ms, median 8.912895ms, 99 % 67.108864ms, longest 67.108864ms"
    );
}

/// Waits of all sizes, from none to half a year.
fn waits() -> impl Strategy<Value = Vec<Duration>> {
    let wait =
        (0..54_u32).prop_flat_map(|power| (0..=1_u64 << power).prop_map(Duration::from_nanos));
    vec(wait, 1..200)
}

proptest! {
    #[test]
    fn percentiles_are_close_to_those_of_the_sorted_waits(waits in waits(), percent in 0.0..=100.0) {
        let clock = ManualClock::new();
        let _installed = clock.install();
        let bulkhead = patient(1);
        let _permit = enter(&bulkhead);
        for wait in &waits {
            wait_for(&bulkhead, &clock, *wait);
        }
        let mut sorted = waits;
        sorted.sort();
        let statistics = bulkhead.statistics();
        let count = u32::try_from(sorted.len()).unwrap();
        prop_assert_eq!(statistics.waits(), u64::from(count));
        prop_assert_eq!(statistics.longest_wait(), *sorted.last().unwrap());
        let total: u128 = sorted.iter().map(Duration::as_nanos).sum();
        prop_assert_eq!(statistics.mean_wait().as_nanos(), total / u128::from(count));
        for percent in [percent, 0.0, 50.0, 99.9, 100.0] {
            let within = (1..=count).find(|rank| f64::from(*rank) >= percent * f64::from(count) / 100.0);
            let exact = sorted[within.unwrap_or(count) as usize - 1];
            let told = statistics.wait_percentile(percent);
            prop_assert!(told >= exact, "{told:?} is less than {exact:?}");
            prop_assert!(told.abs_diff(exact) <= exact / 16, "{told:?} is much more than {exact:?}");
            prop_assert!(told <= statistics.longest_wait());
        }
    }
}

#[test]
fn a_percentile_out_of_range_is_the_next_that_is_in_it() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let bulkhead = patient(1);
    let _permit = enter(&bulkhead);
    for wait in [millis(1), millis(2)] {
        wait_for(&bulkhead, &clock, wait);
    }
    let statistics = bulkhead.statistics();
    let shortest = statistics.wait_percentile(0.0);
    assert!(shortest >= millis(1) && shortest < millis(2));
    for percent in [-1.0, f64::NEG_INFINITY, f64::NAN] {
        assert_eq!(statistics.wait_percentile(percent), shortest);
    }
    for percent in [100.0, 101.0, f64::INFINITY] {
        assert_eq!(statistics.wait_percentile(percent), millis(2));
    }
}
