//! How long an open circuit stays open, what it tells those whom it turns away, and what is done to it by hand.

use std::time::Duration;

use retry_core::{CircuitBreaker, CircuitState, Classification, Classify, ErrorClass, RetryAfter};

use super::support::{millis, secs};
use super::{Steps, assert_closed, assert_half_open, assert_open, circuit, virtual_time};

fn hint(after: Duration) -> Classification {
    Classification::new(ErrorClass::ServerError).with_retry_after(after)
}

/// For how long a circuit that opens now turns everybody away.
fn opens_for(breaker: &CircuitBreaker, failure: Classification) -> Duration {
    breaker.try_acquire().expect("not open").fail(failure);
    assert_open(breaker);
    breaker
        .turned_away()
        .retry_after()
        .expect("it is not open for good")
}

#[test]
fn an_open_circuit_turns_everybody_away_until_its_time_is_over() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(secs(10));
    breaker.fail();
    for left in [secs(10), secs(4), Duration::from_nanos(1)] {
        time.pass(
            secs(10)
                .saturating_sub(time.clock.elapsed())
                .saturating_sub(left),
        );
        assert_eq!(breaker.turned_away().retry_after(), Some(left));
        assert_open(&breaker);
    }
    time.pass(Duration::from_nanos(1));
    breaker.try_acquire().expect("its time is over").succeed();
    assert_closed(&breaker);
}

#[test]
fn it_is_open_for_half_a_minute_by_default() {
    let _time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    assert_eq!(opens_for(&breaker, ErrorClass::Transient.into()), secs(30));
}

#[test]
fn the_step_to_half_open_happens_when_somebody_asks() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    breaker.fail();
    time.pass(secs(1_000));
    assert_open(&breaker);
    assert_eq!(breaker.snapshot().until_half_open, Some(Duration::ZERO));
    let _probe = breaker.try_acquire().expect("its time is over");
    assert_half_open(&breaker);
    assert_eq!(breaker.snapshot().until_half_open, None);
}

#[test]
fn results_of_before_do_not_make_it_stay_open_longer() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let late = breaker.try_acquire().expect("closed");
    breaker.fail();
    time.pass(secs(20));
    late.fail(hint(secs(100)));
    assert_eq!(breaker.turned_away().retry_after(), Some(secs(10)));
    assert_eq!(breaker.snapshot().openings, 1);
}

// Growing.

#[test]
fn it_stays_open_longer_with_each_reopening_up_to_the_cap() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(secs(10))
        .growing(2.0, secs(100));
    for expected in [10, 20, 40, 80, 100, 100].map(secs) {
        assert_eq!(opens_for(&breaker, ErrorClass::Transient.into()), expected);
        time.pass(expected);
    }
    breaker.succeed();
    assert_closed(&breaker);
    assert_eq!(opens_for(&breaker, ErrorClass::Transient.into()), secs(10));
}

#[test]
fn without_growth_each_reopening_is_as_long() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(secs(10));
    for _ in 0..5 {
        assert_eq!(opens_for(&breaker, ErrorClass::Transient.into()), secs(10));
        time.pass(secs(10));
    }
}

#[test]
fn by_default_it_grows_to_ten_minutes() {
    let time = virtual_time();
    let breaker = circuit(|settings| {
        settings.consecutive = Some(1);
        settings.growth = 10.0;
    });
    for expected in [30, 300, 600, 600].map(secs) {
        assert_eq!(opens_for(&breaker, ErrorClass::Transient.into()), expected);
        time.pass(expected);
    }
}

#[test]
fn a_cap_below_the_first_time_does_not_shorten_it() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(secs(10))
        .growing(2.0, secs(1));
    for _ in 0..3 {
        assert_eq!(opens_for(&breaker, ErrorClass::Transient.into()), secs(10));
        time.pass(secs(10));
    }
}

#[test]
fn the_first_time_and_one_that_does_not_grow_are_exact() {
    // More digits than a number with a point has.
    let open_for = Duration::new(3_000_000_001, 1);
    let growing = |factor| {
        CircuitBreaker::new("payments")
            .consecutive(1)
            .open_for(open_for)
            .growing(factor, Duration::MAX)
    };
    let time = virtual_time();
    let (once, again) = (growing(2.0), growing(1.0));
    assert_eq!(opens_for(&once, ErrorClass::Transient.into()), open_for);
    for _ in 0..2 {
        assert_eq!(opens_for(&again, ErrorClass::Transient.into()), open_for);
        time.pass(open_for);
    }
}

#[test]
fn any_growth_ends_at_the_cap() {
    for factor in [1.000_001, 1.5, 1e9, f64::MAX] {
        let time = virtual_time();
        let breaker = CircuitBreaker::new("payments")
            .consecutive(1)
            .open_for(millis(1))
            .growing(factor, secs(1));
        let mut last = Duration::ZERO;
        for _ in 0..2_000 {
            let open_for = opens_for(&breaker, ErrorClass::Transient.into());
            assert!(last <= open_for && open_for <= secs(1), "{open_for:?}");
            last = open_for;
            time.pass(open_for);
        }
    }
}

// A server's hint.

#[test]
fn a_hint_keeps_it_open_longer() {
    let _time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    assert_eq!(opens_for(&breaker, hint(secs(50))), secs(50));
}

#[test]
fn a_hint_does_not_shorten_it() {
    let _time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    assert_eq!(opens_for(&breaker, hint(secs(5))), secs(30));
}

#[test]
fn a_hint_is_followed_for_two_minutes_at_most_unless_told_otherwise() {
    let _time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    assert_eq!(opens_for(&breaker, hint(Duration::MAX)), secs(120));
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .retry_after_max(secs(40));
    assert_eq!(opens_for(&breaker, hint(Duration::MAX)), secs(40));
}

#[test]
fn a_hint_can_be_ignored() {
    let _time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .retry_after(RetryAfter::Ignore);
    assert_eq!(opens_for(&breaker, hint(secs(50))), secs(30));
}

#[test]
fn a_hint_of_a_probe_keeps_it_open_longer_too_and_beyond_the_cap_of_growth() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(secs(10))
        .growing(2.0, secs(15));
    assert_eq!(opens_for(&breaker, hint(secs(1))), secs(10));
    time.pass(secs(10));
    assert_eq!(opens_for(&breaker, hint(secs(100))), secs(100));
    // A hint is for once, and the growth goes on as if there had been none.
    time.pass(secs(100));
    assert_eq!(opens_for(&breaker, ErrorClass::Transient.into()), secs(15));
}

#[test]
fn only_the_hint_of_the_failure_that_opens_it_counts() {
    let _time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(2);
    breaker.try_acquire().expect("closed").fail(hint(secs(100)));
    assert_eq!(opens_for(&breaker, ErrorClass::Transient.into()), secs(30));
}

// What the turned away are told.

#[test]
fn the_error_says_which_circuit_and_for_how_long() {
    let _time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    breaker.fail();
    let error = breaker.turned_away();
    assert_eq!(error.name(), "payments");
    assert_eq!(
        error.to_string(),
        "the circuit `payments` is open for another 30s"
    );
    assert_eq!(error.classify().class, ErrorClass::Permanent);
    assert_eq!(error, breaker.turned_away());
}

#[test]
fn who_is_turned_away_is_counted() {
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    breaker.fail();
    for expected in 1..=3 {
        let _ = breaker.turned_away();
        assert_eq!(breaker.snapshot().rejected, expected);
    }
}

// By hand.

#[test]
fn forced_open_it_stays_open_for_good() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments");
    breaker.force_open();
    time.pass(secs(365 * 24 * 3600));
    let error = breaker.turned_away();
    assert_eq!(error.retry_after(), None);
    assert_eq!(error.to_string(), "the circuit `payments` is open");
    let snapshot = breaker.snapshot();
    assert_eq!(
        (snapshot.state, snapshot.forced),
        (CircuitState::Open, true)
    );
    assert_eq!(snapshot.until_half_open, None);
}

#[test]
fn forced_closed_it_stays_closed_whatever_fails() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .failures(1, secs(60))
        .failure_rate(0.1, 1, secs(60))
        .slow_rate(secs(1), 0.1, 1, secs(60));
    breaker.force_closed();
    for _ in 0..20 {
        let permit = breaker.try_acquire().expect("closed");
        time.pass(secs(1));
        permit.fail(ErrorClass::Transient);
        breaker.succeed();
    }
    let snapshot = breaker.snapshot();
    assert_eq!(
        (snapshot.state, snapshot.forced),
        (CircuitState::Closed, true)
    );
    assert_eq!((snapshot.failures, snapshot.consecutive), (0, 0));
}

#[test]
fn reset_makes_it_closed_with_nothing_counted() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(3)
        .failures(3, secs(3600))
        .open_for(secs(10))
        .growing(2.0, secs(60));
    let to_reset: [&dyn Fn(); 5] = [
        &|| {
            breaker.fail();
            breaker.fail();
        },
        &|| breaker.force_open(),
        &|| breaker.force_closed(),
        &|| (0..3).for_each(|_| breaker.fail()),
        &|| {
            (0..3).for_each(|_| breaker.fail());
            time.pass(secs(10));
            drop(breaker.try_acquire());
        },
    ];
    for bring_about in to_reset {
        bring_about();
        breaker.reset();
        let snapshot = breaker.snapshot();
        assert_eq!(
            (snapshot.state, snapshot.forced),
            (CircuitState::Closed, false)
        );
        assert_eq!((snapshot.failures, snapshot.consecutive), (0, 0));
        assert_eq!((snapshot.openings, snapshot.probes), (0, 0));
        breaker.fail();
        breaker.fail();
        assert_closed(&breaker);
        breaker.reset();
    }
    (0..3).for_each(|_| breaker.fail());
    assert_eq!(breaker.turned_away().retry_after(), Some(secs(10)));
}

#[test]
fn what_was_under_way_when_it_was_reset_does_not_count() {
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let early = breaker.try_acquire().expect("closed");
    breaker.reset();
    early.fail(ErrorClass::Transient);
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().consecutive, 0);
}

#[test]
fn a_permit_of_a_forced_circuit_says_nothing_after_it() {
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    breaker.force_closed();
    let early = breaker.try_acquire().expect("closed");
    breaker.reset();
    early.fail(ErrorClass::Transient);
    assert_closed(&breaker);
}

#[test]
fn forced_open_while_it_is_open_it_forgets_when_it_would_have_let_a_probe_through() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    breaker.fail();
    breaker.force_open();
    time.pass(secs(30));
    assert!(breaker.is_turning_away());
    breaker.reset();
    breaker.succeed();
}

#[test]
fn forcing_ends_a_cycle_of_probes() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    breaker.fail();
    time.pass(secs(30));
    let probe = breaker.try_acquire().expect("its time is over");
    breaker.force_open();
    probe.succeed();
    assert_open(&breaker);
    assert!(breaker.is_turning_away());
    assert_eq!(breaker.snapshot().probes, 0);
}
