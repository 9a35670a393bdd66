//! What opens a closed circuit, and what does not.

use std::time::Duration;

use retry_core::{CircuitBreaker, CircuitState, ErrorClass};

use super::support::{millis, secs};
use super::{Steps, assert_closed, assert_open, circuit, virtual_time};

const MINUTE: Duration = secs(60);

// Failures in a row.

#[test]
fn without_any_way_to_trip_the_fifth_failure_in_a_row_opens() {
    let breaker = CircuitBreaker::new("payments");
    for _ in 0..4 {
        breaker.fail();
        assert_closed(&breaker);
    }
    breaker.fail();
    assert_open(&breaker);
}

#[test]
fn with_a_way_to_trip_nothing_else_does() {
    let breakers = [
        CircuitBreaker::new("window").failures(100, MINUTE),
        CircuitBreaker::new("rate").failure_rate(1.0, 100, MINUTE),
        CircuitBreaker::new("slow").slow_rate(secs(1), 1.0, 100, MINUTE),
        CircuitBreaker::new("class").class_failures(ErrorClass::RateLimit, 100, MINUTE),
        CircuitBreaker::new("streak").consecutive(100),
    ];
    for breaker in &breakers {
        for _ in 0..99 {
            breaker.fail();
        }
        assert_closed(breaker);
    }
}

#[test]
fn failures_in_a_row_open_whatever_time_lies_between_them() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(3);
    for _ in 0..3 {
        assert_closed(&breaker);
        breaker.fail();
        time.pass(secs(365 * 24 * 3600));
    }
    assert_open(&breaker);
}

#[test]
fn a_success_ends_the_row() {
    let breaker = CircuitBreaker::new("payments").consecutive(2);
    for _ in 0..10 {
        breaker.fail();
        breaker.succeed();
    }
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().consecutive, 0);
    breaker.fail();
    assert_eq!(breaker.snapshot().consecutive, 1);
    breaker.fail();
    assert_open(&breaker);
}

#[test]
fn what_says_nothing_does_not_end_the_row() {
    let breaker = CircuitBreaker::new("payments").consecutive(2);
    breaker.fail();
    breaker.fail_as(ErrorClass::Auth);
    drop(breaker.try_acquire());
    breaker.fail();
    assert_open(&breaker);
}

#[test]
fn a_row_does_not_go_on_after_the_circuit_was_open() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(2);
    breaker.fail();
    breaker.fail();
    time.pass(secs(30));
    breaker.succeed();
    assert_closed(&breaker);
    breaker.fail();
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().consecutive, 1);
}

#[test]
fn one_failure_can_suffice() {
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    breaker.fail();
    assert_open(&breaker);
}

// Failures within a window.

#[test]
fn failures_within_the_window_open_whatever_succeeds_between_them() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").failures(3, secs(10));
    for _ in 0..2 {
        breaker.fail();
        breaker.succeed();
        time.pass(secs(4));
    }
    assert_closed(&breaker);
    breaker.fail();
    assert_open(&breaker);
}

#[test]
fn a_failure_counts_until_the_window_has_passed_and_no_longer() {
    for (passes, state) in [
        (Duration::new(9, 999_999_999), CircuitState::Open),
        (secs(10), CircuitState::Closed),
    ] {
        let time = virtual_time();
        let breaker = CircuitBreaker::new("payments").failures(2, secs(10));
        breaker.fail();
        time.pass(passes);
        breaker.fail();
        assert_eq!(breaker.state(), state, "after {passes:?}");
    }
}

#[test]
fn the_window_rolls() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").failures(3, secs(10));
    for _ in 0..100 {
        breaker.fail();
        time.pass(secs(5));
    }
    assert_closed(&breaker);
    breaker.fail();
    time.pass(secs(4));
    breaker.fail();
    assert_open(&breaker);
}

#[test]
fn failures_from_before_the_circuit_opened_do_not_count_after() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .failures(2, secs(3600))
        .class_failures(ErrorClass::RateLimit, 2, secs(3600));
    breaker.fail_as(ErrorClass::RateLimit);
    breaker.fail();
    breaker.fail();
    time.pass(secs(30));
    breaker.succeed();
    assert_eq!(breaker.snapshot().failures, 0);
    breaker.fail();
    breaker.fail_as(ErrorClass::RateLimit);
    assert_closed(&breaker);
}

#[test]
fn the_most_failures_that_can_be_asked_for_are_counted() {
    let breaker = CircuitBreaker::new("payments").failures(65_536, Duration::MAX);
    for _ in 0..65_535 {
        breaker.fail();
    }
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().failures, 65_535);
    breaker.fail();
    assert_open(&breaker);
}

// The share of failures.

#[test]
fn half_of_the_calls_open_once_there_are_enough() {
    let breaker = CircuitBreaker::new("payments").failure_rate(0.5, 4, MINUTE);
    breaker.fail();
    breaker.fail();
    breaker.succeed();
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().failure_rate, None);
    breaker.succeed();
    assert_open(&breaker);
}

#[test]
fn less_than_the_share_does_not_open() {
    let breaker = CircuitBreaker::new("payments").failure_rate(0.5, 4, MINUTE);
    for _ in 0..100 {
        breaker.succeed();
        breaker.succeed();
        breaker.fail();
    }
    assert_closed(&breaker);
    let rate = breaker.snapshot().failure_rate;
    assert!(rate.is_some_and(|rate| (rate - 1.0 / 3.0).abs() < 1e-9));
}

#[test]
fn exactly_the_share_opens_for_shares_that_binary_cannot_write() {
    let breaker = CircuitBreaker::new("payments").failure_rate(0.3, 10, MINUTE);
    for _ in 0..7 {
        breaker.succeed();
    }
    breaker.fail();
    breaker.fail();
    assert_closed(&breaker);
    breaker.fail();
    assert_open(&breaker);
}

#[test]
fn what_says_nothing_is_no_call_for_the_share() {
    let breaker = CircuitBreaker::new("payments").failure_rate(1.0, 3, MINUTE);
    for _ in 0..10 {
        breaker.fail_as(ErrorClass::Permanent);
        drop(breaker.try_acquire());
    }
    breaker.fail();
    breaker.fail();
    assert_closed(&breaker);
    breaker.fail();
    assert_open(&breaker);
}

#[test]
fn the_share_of_many_calls_is_exact() {
    let breaker = CircuitBreaker::new("payments").failure_rate(0.9, 1, MINUTE);
    for _ in 0..3_000 {
        breaker.succeed();
    }
    assert_eq!(breaker.snapshot().failure_rate, Some(0.0));
    for _ in 0..1_000 {
        breaker.fail();
    }
    assert_eq!(breaker.snapshot().failure_rate, Some(0.25));
    breaker.succeed();
    assert_eq!(breaker.snapshot().failure_rate, Some(1_000.0 / 4_001.0));
}

#[test]
fn the_success_that_makes_them_enough_opens_also_among_many() {
    let breaker = CircuitBreaker::new("payments").failure_rate(0.5, 4_000, MINUTE);
    for _ in 0..2_000 {
        breaker.fail();
    }
    for _ in 0..1_999 {
        breaker.succeed();
    }
    assert_closed(&breaker);
    breaker.succeed();
    assert_open(&breaker);
}

#[test]
fn thirty_one_of_many_successes_may_count_longer_than_the_window() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").failure_rate(0.5, 1, secs(20));
    for _ in 0..5_000 {
        breaker.succeed();
    }
    time.pass(secs(20));
    let mut failures = 0;
    while breaker.state() == CircuitState::Closed {
        breaker.fail();
        failures += 1;
    }
    assert!((2..=31).contains(&failures), "{failures} failures");
}

#[test]
fn calls_leave_the_share_when_the_window_has_passed() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").failure_rate(0.5, 2, secs(20));
    for _ in 0..50 {
        breaker.succeed();
    }
    time.pass(Duration::new(19, 999_999_999));
    breaker.fail();
    breaker.fail();
    assert_closed(&breaker);
    time.pass(Duration::from_nanos(1));
    breaker.fail();
    assert_open(&breaker);
}

#[test]
fn a_call_counts_for_nineteen_twentieths_of_the_window_at_least() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").failure_rate(1.0, 2, secs(20));
    breaker.succeed();
    time.pass(millis(999));
    breaker.succeed();
    time.pass(secs(19));
    breaker.fail();
    breaker.fail();
    assert_closed(&breaker);
    time.pass(millis(1));
    breaker.fail();
    assert_open(&breaker);
}

#[test]
fn a_share_begins_anew_after_the_circuit_was_open() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").failure_rate(0.5, 2, secs(3600));
    breaker.fail();
    breaker.fail();
    assert_open(&breaker);
    time.pass(secs(30));
    breaker.succeed();
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().failure_rate, None);
    breaker.fail();
    assert_closed(&breaker);
}

// The share of slow calls.

#[test]
fn slow_successes_open() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").slow_rate(secs(2), 0.5, 4, MINUTE);
    for takes in [secs(2), millis(1_999), secs(3)] {
        let permit = breaker.try_acquire().expect("closed");
        time.pass(takes);
        permit.succeed();
    }
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().slow_rate, None);
    breaker.succeed();
    assert_open(&breaker);
}

#[test]
fn quick_calls_do_not_open_even_if_they_fail() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").slow_rate(secs(2), 0.5, 1, secs(3600));
    for _ in 0..20 {
        let permit = breaker.try_acquire().expect("closed");
        time.pass(Duration::new(1, 999_999_999));
        permit.fail(ErrorClass::Transient);
    }
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().slow_rate, Some(0.0));
}

#[test]
fn slow_failures_are_slow_calls() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").slow_rate(secs(2), 1.0, 1, MINUTE);
    let permit = breaker.try_acquire().expect("closed");
    time.pass(secs(2));
    permit.fail(ErrorClass::Transient);
    assert_open(&breaker);
}

#[test]
fn a_slow_call_that_says_nothing_is_no_call() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").slow_rate(secs(2), 1.0, 1, MINUTE);
    let permits =
        [breaker.try_acquire(), breaker.try_acquire()].map(|permit| permit.expect("closed"));
    time.pass(secs(100));
    let [failed, dropped] = permits;
    failed.fail(ErrorClass::Permanent);
    drop(dropped);
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().slow_rate, None);
}

// Together.

#[test]
fn each_way_to_trip_opens_by_itself() {
    let all = || {
        CircuitBreaker::new("payments")
            .failures(4, MINUTE)
            .consecutive(3)
            .failure_rate(0.8, 5, MINUTE)
            .slow_rate(secs(2), 0.5, 2, MINUTE)
            .class_failures(ErrorClass::RateLimit, 2, MINUTE)
    };
    let time = virtual_time();

    let window = all();
    for _ in 0..3 {
        window.succeed();
        window.fail();
    }
    assert_closed(&window);
    window.fail();
    assert_open(&window);

    let row = all();
    for _ in 0..3 {
        assert_closed(&row);
        row.fail();
    }
    assert_open(&row);

    // Over more than a window, so that the rate alone is left.
    let rate = CircuitBreaker::new("payments")
        .failures(100, MINUTE)
        .consecutive(100)
        .failure_rate(0.8, 5, MINUTE);
    rate.succeed();
    for _ in 0..4 {
        assert_closed(&rate);
        rate.fail();
    }
    assert_open(&rate);

    let slow = all();
    for _ in 0..2 {
        assert_closed(&slow);
        let permit = slow.try_acquire().expect("closed");
        time.pass(secs(2));
        permit.succeed();
    }
    assert_open(&slow);

    let class = all();
    class.fail_as(ErrorClass::RateLimit);
    class.succeed();
    assert_closed(&class);
    class.fail_as(ErrorClass::RateLimit);
    assert_open(&class);
}

// Classes.

#[test]
fn by_default_transient_failures_and_server_errors_count() {
    for class in ErrorClass::ALL {
        let breaker = CircuitBreaker::new("payments").consecutive(1);
        breaker.fail_as(class);
        let counts = matches!(class, ErrorClass::Transient | ErrorClass::ServerError);
        assert_eq!(breaker.is_turning_away(), counts, "{class}");
    }
}

#[test]
fn the_classes_that_count_can_be_chosen() {
    for class in ErrorClass::ALL {
        let breaker = CircuitBreaker::new("payments")
            .consecutive(1)
            .trip_on(&[ErrorClass::RateLimit, ErrorClass::Permanent]);
        breaker.fail_as(class);
        let counts = matches!(class, ErrorClass::RateLimit | ErrorClass::Permanent);
        assert_eq!(breaker.is_turning_away(), counts, "{class}");
    }
}

#[test]
fn a_class_with_a_limit_of_its_own_is_counted_apart() {
    let breaker = CircuitBreaker::new("payments")
        .failures(3, MINUTE)
        .class_failures(ErrorClass::ServerError, 4, MINUTE);
    for _ in 0..2 {
        breaker.fail();
    }
    for _ in 0..3 {
        breaker.fail_as(ErrorClass::ServerError);
    }
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().failures, 5);
    breaker.fail_as(ErrorClass::ServerError);
    assert_open(&breaker);
}

#[test]
fn each_class_has_its_own_count_and_window() {
    let time = virtual_time();
    let breaker = circuit(|settings| {
        let limits = [
            (ErrorClass::RateLimit, 2, secs(10)),
            (ErrorClass::Concurrency, 2, secs(100)),
        ];
        for (class, count, window) in limits {
            let limit = retry_core::FailureLimit { count, window };
            settings.class_failures = settings.class_failures.with(class, limit);
        }
    });
    breaker.fail_as(ErrorClass::RateLimit);
    breaker.fail_as(ErrorClass::Concurrency);
    time.pass(secs(50));
    assert_eq!(breaker.snapshot().failures, 1);
    breaker.fail_as(ErrorClass::RateLimit);
    assert_closed(&breaker);
    breaker.fail_as(ErrorClass::Concurrency);
    assert_open(&breaker);
}

#[test]
fn a_class_that_counts_only_by_its_own_limit_counts_towards_nothing_else() {
    let breaker = CircuitBreaker::new("payments")
        .consecutive(3)
        .failures(3, MINUTE)
        .failure_rate(1.0, 3, MINUTE)
        .slow_rate(millis(1), 1.0, 1, MINUTE)
        .class_failures(ErrorClass::RateLimit, 50, MINUTE);
    let time = virtual_time();
    for _ in 0..49 {
        let permit = breaker.try_acquire().expect("closed");
        time.pass(millis(1));
        permit.fail(ErrorClass::RateLimit);
    }
    assert_closed(&breaker);
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.failures, snapshot.consecutive), (49, 0));
    assert_eq!((snapshot.failure_rate, snapshot.slow_rate), (None, None));
    breaker.fail_as(ErrorClass::RateLimit);
    assert_open(&breaker);
}

#[test]
fn a_class_of_its_own_limit_that_trips_anyway_counts_in_a_row_and_in_the_share() {
    let breaker = CircuitBreaker::new("payments")
        .consecutive(3)
        .class_failures(ErrorClass::ServerError, 50, MINUTE);
    for _ in 0..3 {
        assert_closed(&breaker);
        breaker.fail_as(ErrorClass::ServerError);
    }
    assert_open(&breaker);

    let breaker = CircuitBreaker::new("payments")
        .failure_rate(1.0, 3, MINUTE)
        .class_failures(ErrorClass::ServerError, 50, MINUTE);
    for _ in 0..3 {
        assert_closed(&breaker);
        breaker.fail_as(ErrorClass::ServerError);
    }
    assert_open(&breaker);
}

// Permits.

#[test]
fn a_closed_circuit_lets_everybody_pass_at_once() {
    let breaker = CircuitBreaker::new("payments");
    let permits: Vec<_> = (0..1000).map(|_| breaker.try_acquire()).collect();
    assert!(permits.iter().all(Result::is_ok));
}

#[test]
fn a_permit_can_be_told_of_on_another_thread() {
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let permit = breaker.try_acquire().expect("closed");
    std::thread::scope(|scope| {
        scope.spawn(|| permit.fail(ErrorClass::Transient));
    });
    assert_open(&breaker);
}

#[test]
fn results_of_before_the_circuit_opened_do_not_count_after_it_has_closed_again() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(2)
        .failures(2, secs(3600))
        .failure_rate(0.5, 1, secs(3600))
        .slow_rate(secs(10), 0.5, 1, secs(3600))
        .class_failures(ErrorClass::RateLimit, 1, secs(3600));
    let early: Vec<_> = (0..8)
        .map(|_| breaker.try_acquire().expect("closed"))
        .collect();
    breaker.fail();
    assert_open(&breaker);
    time.pass(secs(30));
    breaker.succeed();
    assert_closed(&breaker);

    let before = breaker.snapshot();
    for (index, permit) in early.into_iter().enumerate() {
        match index % 4 {
            0 => permit.fail(ErrorClass::Transient),
            1 => permit.fail(ErrorClass::RateLimit),
            2 => permit.succeed(),
            _ => drop(permit),
        }
    }
    assert_eq!(breaker.snapshot(), before);
}

#[test]
fn a_failure_of_before_neither_lengthens_nor_ends_the_row_of_now() {
    let breaker = CircuitBreaker::new("payments").consecutive(3);
    let early = breaker.try_acquire().expect("closed");
    breaker.reset();
    breaker.fail();
    early.fail(ErrorClass::Transient);
    assert_eq!(breaker.snapshot().consecutive, 1);
    breaker.fail();
    breaker.fail();
    assert_open(&breaker);
}

#[test]
fn a_success_of_before_does_not_end_the_row_of_now() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(2);
    let early = breaker.try_acquire().expect("closed");
    breaker.fail();
    breaker.fail();
    time.pass(secs(30));
    breaker.succeed();
    breaker.fail();
    early.succeed();
    assert_eq!(breaker.snapshot().consecutive, 1);
    breaker.fail();
    assert_open(&breaker);
}
