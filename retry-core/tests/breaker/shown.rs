//! What is shown of a circuit: snapshots and texts.

use retry_core::{CircuitBreaker, CircuitState, ErrorClass};

use super::support::{millis, secs};
use super::{Steps, virtual_time};

#[test]
fn a_new_circuit_shows_nothing_but_its_name() {
    let snapshot = CircuitBreaker::new("payments").snapshot();
    assert_eq!(snapshot.name, "payments");
    assert_eq!(
        (snapshot.state, snapshot.forced),
        (CircuitState::Closed, false)
    );
    assert_eq!((snapshot.since, snapshot.until_half_open), (None, None));
    assert_eq!((snapshot.failures, snapshot.consecutive), (0, 0));
    assert_eq!((snapshot.failure_rate, snapshot.slow_rate), (None, None));
    assert_eq!((snapshot.probes, snapshot.successes), (0, 0));
    assert_eq!(
        (snapshot.openings, snapshot.transitions, snapshot.rejected),
        (0, 0, 0)
    );
    assert_eq!(
        snapshot.to_string(),
        "payments closed, 0 failures, 0 turned away"
    );
}

#[test]
fn it_shows_since_when_and_until_when_it_is_open() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(secs(10));
    breaker.fail();
    time.pass(secs(4));
    let _ = breaker.turned_away();
    let snapshot = breaker.snapshot();
    assert_eq!(snapshot.since, Some(secs(4)));
    assert_eq!(snapshot.until_half_open, Some(secs(6)));
    assert_eq!((snapshot.openings, snapshot.transitions), (1, 1));
    assert_eq!(
        snapshot.to_string(),
        "payments open for 4s, a probe in 6s, 0 failures, 1 turned away"
    );
}

#[test]
fn it_shows_what_is_counted() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .failures(10, secs(60))
        .failure_rate(0.9, 4, secs(60))
        .slow_rate(secs(1), 0.9, 4, secs(60))
        .class_failures(ErrorClass::RateLimit, 10, secs(60));
    let permit = breaker.try_acquire().expect("closed");
    time.pass(secs(1));
    permit.succeed();
    breaker.succeed();
    breaker.fail_as(ErrorClass::RateLimit);
    breaker.fail();
    breaker.fail_as(ErrorClass::ServerError);
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.failures, snapshot.consecutive), (3, 2));
    assert_eq!(
        (snapshot.failure_rate, snapshot.slow_rate),
        (Some(0.5), Some(0.25))
    );
    assert_eq!(
        snapshot.to_string(),
        "payments closed, 3 failures (2 in a row), 50 % fail, 25 % are slow, 0 turned away"
    );
}

#[test]
fn it_shows_nothing_of_what_is_too_long_ago() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .failures(10, secs(60))
        .failure_rate(1.0, 2, secs(60))
        .slow_rate(secs(1), 1.0, 2, secs(60));
    breaker.fail();
    breaker.succeed();
    time.pass(secs(60));
    let snapshot = breaker.snapshot();
    assert_eq!(snapshot.failures, 0);
    assert_eq!((snapshot.failure_rate, snapshot.slow_rate), (None, None));
    assert_eq!(snapshot.consecutive, 0);
}

#[test]
fn it_shows_its_probes() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .probes(2)
        .successes(3);
    breaker.fail();
    time.pass(secs(30));
    breaker.succeed();
    let _under_way = breaker.try_acquire().expect("its time is over");
    time.pass(millis(1_500));
    let snapshot = breaker.snapshot();
    assert_eq!(snapshot.state, CircuitState::HalfOpen);
    assert_eq!((snapshot.probes, snapshot.successes), (1, 1));
    assert_eq!(
        snapshot.to_string(),
        "payments half_open for 1.5s, 0 failures, 1 probes under way, 1 succeeded, 0 turned away"
    );
}

#[test]
fn it_shows_that_it_is_forced() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments");
    breaker.force_open();
    time.pass(secs(3));
    assert_eq!(
        breaker.snapshot().to_string(),
        "payments open (forced) for 3s, 0 failures, 0 turned away"
    );
}

#[test]
fn who_is_turned_away_and_how_often_it_changed_are_counted_for_good() {
    let breaker = CircuitBreaker::new("payments");
    breaker.force_open();
    let _ = breaker.turned_away();
    breaker.reset();
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.rejected, snapshot.transitions), (1, 2));
}

#[test]
fn states_have_stable_names() {
    for (state, name) in [
        (CircuitState::Closed, "closed"),
        (CircuitState::Open, "open"),
        (CircuitState::HalfOpen, "half_open"),
    ] {
        assert_eq!((state.as_str(), state.to_string().as_str()), (name, name));
        assert_eq!(format!("{state:>10}"), format!("{name:>10}"));
    }
}

#[test]
fn debugging_shows_name_and_state_and_whether_a_permit_is_a_probe() {
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let permit = breaker.try_acquire().expect("closed");
    assert_eq!(
        format!("{permit:?}"),
        "CircuitPermit { circuit: \"payments\", is_probe: false, .. }"
    );
    permit.fail(ErrorClass::Transient);
    time.pass(secs(30));
    let permit = breaker.try_acquire().expect("its time is over");
    assert!(format!("{permit:?}").contains("is_probe: true"));
    let text = format!("{breaker:?}");
    assert!(
        text.starts_with(
            "CircuitBreaker { name: \"payments\", state: HalfOpen, settings: CircuitSettings {"
        ),
        "{text}"
    );
}
