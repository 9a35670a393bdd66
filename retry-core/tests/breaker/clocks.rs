//! Clocks that stand still, leap, go back, or are read by nobody.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use retry_core::testing::ManualClock;
use retry_core::{CircuitBreaker, CircuitState, Clock, ErrorClass, Policy, StopReason};

use super::support::{AT_ONCE, Failure, TRANSIENT, millis, secs};
use super::{Steps, assert_closed, assert_half_open, assert_open, virtual_time};

const CENTURY: Duration = secs(100 * 365 * 24 * 3600);

#[test]
fn a_century_of_silence_changes_nothing_but_what_has_run_out() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(3)
        .failures(3, secs(60))
        .failure_rate(0.5, 2, secs(60))
        .slow_rate(secs(1), 0.5, 2, secs(60));
    breaker.fail();
    time.pass(CENTURY);
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.failures, snapshot.consecutive), (0, 1));
    breaker.succeed();
    (0..3).for_each(|_| {
        if breaker.state() == CircuitState::Closed {
            breaker.fail();
        }
    });
    assert_open(&breaker);
    time.pass(CENTURY);
    let _lost = breaker.try_acquire().expect("its time is over");
    time.pass(CENTURY);
    breaker.succeed();
    assert_closed(&breaker);
}

#[test]
fn durations_without_end_never_end() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .failures(2, Duration::MAX)
        .failure_rate(1.0, 2, Duration::MAX)
        .slow_rate(Duration::MAX, 1.0, 1, Duration::MAX)
        .class_failures(ErrorClass::RateLimit, 2, Duration::MAX)
        .open_for(Duration::MAX)
        .growing(f64::MAX, Duration::MAX)
        .retry_after_max(Duration::MAX)
        .probe_timeout(Duration::MAX);
    breaker.fail();
    time.pass(CENTURY);
    breaker.fail();
    assert_eq!(breaker.turned_away().retry_after(), Some(Duration::MAX));
    time.pass(CENTURY);
    assert_eq!(
        breaker.turned_away().retry_after(),
        Some(Duration::MAX.saturating_sub(CENTURY))
    );
    assert_eq!(breaker.snapshot().since, Some(CENTURY));
}

#[test]
fn a_growth_without_bounds_opens_for_good_and_no_longer() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .growing(1e300, Duration::MAX);
    breaker.fail();
    time.pass(secs(30));
    breaker.fail();
    assert_eq!(breaker.turned_away().retry_after(), Some(Duration::MAX));
}

#[test]
fn probes_without_a_limit_are_never_given_up() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .probe_timeout(Duration::MAX);
    breaker.fail();
    time.pass(secs(30));
    let lost = breaker.try_acquire().expect("its time is over");
    time.pass(CENTURY);
    assert!(breaker.is_turning_away());
    lost.succeed();
    assert_closed(&breaker);
}

#[test]
fn a_clock_that_stands_still_stops_nothing_that_is_counted() {
    let _time = virtual_time();
    let breaker = CircuitBreaker::new("payments").failures(1_000, Duration::from_nanos(1));
    for _ in 0..1_000 {
        assert_closed(&breaker);
        breaker.fail();
    }
    assert_open(&breaker);
}

/// Another clock from here on, which shows an earlier time.
fn earlier(time: super::Time) -> super::Time {
    let before = time.clock.now();
    drop(time);
    let now = virtual_time();
    assert!(now.clock.now() < before);
    now
}

#[test]
fn an_open_circuit_waits_anew_when_the_clock_goes_back() {
    let time = virtual_time();
    time.pass(CENTURY);
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(secs(10));
    breaker.fail();
    time.pass(secs(9));
    let time = earlier(time);
    assert_eq!(breaker.turned_away().retry_after(), Some(secs(10)));
    time.pass(secs(9));
    assert_eq!(breaker.turned_away().retry_after(), Some(secs(1)));
    time.pass(secs(1));
    breaker.succeed();
    assert_closed(&breaker);
}

#[test]
fn a_lost_probe_is_given_up_even_if_the_clock_goes_back() {
    let time = virtual_time();
    time.pass(CENTURY);
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .probe_timeout(secs(5));
    breaker.fail();
    time.pass(secs(30));
    let _lost = breaker.try_acquire().expect("its time is over");
    let time = earlier(time);
    assert!(breaker.is_turning_away());
    time.pass(secs(5));
    breaker.succeed();
    assert_closed(&breaker);
}

#[test]
fn failures_of_later_do_not_count_for_ever_when_the_clock_goes_back() {
    let time = virtual_time();
    time.pass(CENTURY);
    let breaker = CircuitBreaker::new("payments")
        .failures(3, secs(10))
        .failure_rate(1.0, 3, secs(10));
    breaker.fail();
    let time = earlier(time);
    breaker.fail();
    time.pass(secs(10));
    breaker.fail();
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().failures, 1);
}

#[test]
fn nothing_is_slow_when_the_clock_goes_back() {
    let time = virtual_time();
    time.pass(CENTURY);
    let breaker = CircuitBreaker::new("payments").slow_rate(secs(1), 0.1, 1, secs(60));
    let permit = breaker.try_acquire().expect("closed");
    let _time = earlier(time);
    permit.succeed();
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().slow_rate, Some(0.0));
}

// Whose clock is read.

#[test]
fn a_call_reads_its_own_clock() {
    let clock = ManualClock::new();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(CENTURY);
    let call = AT_ONCE.call("pay").clock(&clock).breaker(&breaker);
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    clock.advance(secs(10));
    let outcome = call.execute_blocking(|| Ok::<_, Failure>(()));
    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
    assert_eq!(outcome.next_delay(), Some(CENTURY.saturating_sub(secs(10))));
    clock.advance(CENTURY);
    assert!(call.execute_blocking(|| Ok::<_, Failure>(())).is_success());
}

#[test]
fn looking_at_it_with_another_clock_changes_nothing() {
    let clock = ManualClock::new();
    let once = Policy::new().attempts(1);
    let looked_at = |look: bool| {
        let mut seen = Vec::new();
        // What a look reads is behind the clock of the calls, and then ahead of it.
        for ahead in [Duration::ZERO, CENTURY * 3] {
            let other = ManualClock::new();
            other.advance(ahead);
            clock.advance(CENTURY);
            let breaker = CircuitBreaker::new("payments")
                .failures(3, secs(10))
                .open_for(secs(10));
            let call = once.call("pay").clock(&clock).breaker(&breaker);
            for step in 0..40 {
                let outcome = call.execute_blocking(|| match step % 4 {
                    3 => Ok(()),
                    _ => Err(TRANSIENT),
                });
                clock.advance(millis(1_500));
                seen.push((outcome.stop_reason(), outcome.next_delay(), breaker.state()));
                if look {
                    let _installed = other.install();
                    let _ = breaker.snapshot();
                }
            }
        }
        seen
    };
    assert_eq!(looked_at(true), looked_at(false));
}

/// Counts how often it is read.
#[derive(Default)]
struct Counting {
    clock: ManualClock,
    readings: AtomicU32,
}

impl Clock for Counting {
    fn now(&self) -> Instant {
        self.readings.fetch_add(1, Ordering::Relaxed);
        self.clock.now()
    }
}

/// How often the clock is read in a call that succeeds.
fn readings_of_a_success(breaker: &CircuitBreaker) -> u32 {
    let clock = Counting::default();
    let call = AT_ONCE.call("pay").clock(&clock).breaker(breaker);
    assert!(call.run_blocking(|| Ok::<_, Failure>(())).is_ok());
    clock.readings.load(Ordering::Relaxed)
}

#[test]
fn a_success_reads_no_clock_where_failures_are_counted() {
    let breaker = CircuitBreaker::new("payments")
        .failures(3, secs(60))
        .consecutive(3)
        .class_failures(ErrorClass::RateLimit, 3, secs(60));
    assert_eq!(readings_of_a_success(&breaker), 0);
    // Also one that ends a row of failures.
    breaker.fail();
    assert_eq!(readings_of_a_success(&breaker), 0);
    assert_eq!(breaker.snapshot().consecutive, 0);
    breaker.force_closed();
    assert_eq!(readings_of_a_success(&breaker), 0);
}

#[test]
fn a_success_reads_the_clock_once_where_a_share_is_counted_and_twice_where_it_can_be_slow() {
    let rate = CircuitBreaker::new("payments").failure_rate(0.5, 3, secs(60));
    assert_eq!(readings_of_a_success(&rate), 1);
    let slow = CircuitBreaker::new("payments").slow_rate(secs(1), 0.5, 3, secs(60));
    assert_eq!(readings_of_a_success(&slow), 2);
}

#[test]
fn a_circuit_that_is_forced_closed_reads_no_clock_at_all() {
    let breaker = CircuitBreaker::new("payments").failure_rate(0.5, 3, secs(60));
    breaker.force_closed();
    assert_eq!(readings_of_a_success(&breaker), 0);
}

#[test]
fn what_says_nothing_reads_no_clock() {
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let clock = Counting::default();
    let policy = Policy::new().attempts(1);
    let call = policy.call("pay").clock(&clock).breaker(&breaker);
    let failed = call.run_blocking(|| Err::<(), _>(Failure::Of(ErrorClass::Permanent)));
    assert!(failed.is_err());
    assert_eq!(clock.readings.load(Ordering::Relaxed), 0);
}

#[test]
fn a_clock_that_panics_leaves_the_circuit_usable() {
    struct Broken;
    impl Clock for Broken {
        fn now(&self) -> Instant {
            panic!("no time");
        }
    }
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let call = AT_ONCE.call("pay").clock(&Broken).breaker(&breaker);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        call.run_blocking(|| Err::<(), _>(TRANSIENT))
    }));
    assert!(panicked.is_err());
    assert_closed(&breaker);
    breaker.fail();
    assert_open(&breaker);
    time.pass(secs(30));
    drop(breaker.try_acquire());
    assert_half_open(&breaker);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        call.run_blocking(|| Ok::<_, Failure>(()))
    }));
    assert!(panicked.is_err());
    breaker.succeed();
    assert_closed(&breaker);
}
