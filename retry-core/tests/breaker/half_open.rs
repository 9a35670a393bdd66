//! Probes: how many, what closes, what reopens, and what gives a place back.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use retry_core::{CircuitBreaker, CircuitPermit, CircuitState, ErrorClass};

use super::support::secs;
use super::{Steps, Time, assert_closed, assert_half_open, assert_open, virtual_time};

/// A circuit that is open, and whose time is over.
fn ready(breaker: &CircuitBreaker, time: &Time) {
    breaker.fail();
    assert_open(breaker);
    time.pass(secs(30));
}

fn one(name: &'static str) -> CircuitBreaker {
    CircuitBreaker::new(name).consecutive(1)
}

fn probe(breaker: &CircuitBreaker) -> CircuitPermit<'_> {
    breaker.try_acquire().expect("there is a place for a probe")
}

#[test]
fn one_probe_at_a_time_by_default_and_its_success_closes() {
    let time = virtual_time();
    let breaker = one("payments");
    ready(&breaker, &time);
    let first = probe(&breaker);
    assert_half_open(&breaker);
    let error = breaker.turned_away();
    assert_eq!(error.retry_after(), None);
    assert_eq!(error.to_string(), "the circuit `payments` is open");
    first.succeed();
    assert_closed(&breaker);
}

#[test]
fn one_counted_failure_reopens() {
    let time = virtual_time();
    let breaker = one("payments").probes(3).successes(3);
    ready(&breaker, &time);
    let probes = [probe(&breaker), probe(&breaker), probe(&breaker)];
    let [first, second, third] = probes;
    first.succeed();
    second.fail(ErrorClass::ServerError);
    assert_open(&breaker);
    assert_eq!(breaker.turned_away().retry_after(), Some(secs(30)));
    third.succeed();
    assert_open(&breaker);
    assert_eq!(breaker.snapshot().openings, 2);
}

#[test]
fn a_failure_reopens_whatever_it_takes_to_trip_a_closed_circuit() {
    let time = virtual_time();
    for class in [ErrorClass::Transient, ErrorClass::RateLimit] {
        let breaker = CircuitBreaker::new("payments")
            .consecutive(4)
            .class_failures(ErrorClass::RateLimit, 100, secs(60));
        (0..4).for_each(|_| breaker.fail());
        time.pass(secs(30));
        probe(&breaker).fail(class);
        assert_open(&breaker);
    }
}

#[test]
fn so_many_probes_as_are_allowed_at_a_time() {
    let time = virtual_time();
    let breaker = one("payments").probes(3);
    ready(&breaker, &time);
    let probes: Vec<_> = (0..3).map(|_| probe(&breaker)).collect();
    assert!(breaker.is_turning_away());
    assert_eq!(breaker.snapshot().probes, 3);
    drop(probes);
    assert_eq!(breaker.snapshot().probes, 0);
    assert_half_open(&breaker);
}

#[test]
fn a_place_of_a_probe_that_succeeded_is_not_given_away_again() {
    let time = virtual_time();
    let breaker = one("payments").probes(3).successes(2);
    ready(&breaker, &time);
    let probes = [probe(&breaker), probe(&breaker), probe(&breaker)];
    let [first, second, third] = probes;
    first.succeed();
    assert!(breaker.is_turning_away(), "three in all");
    drop(second);
    let fourth = probe(&breaker);
    assert!(breaker.is_turning_away(), "one succeeded, two under way");
    third.succeed();
    assert_closed(&breaker);
    fourth.succeed();
}

#[test]
fn so_many_successes_close() {
    let time = virtual_time();
    let breaker = one("payments").successes(3);
    ready(&breaker, &time);
    for successes in 0..3 {
        assert_eq!(breaker.snapshot().successes, successes);
        let under_way = probe(&breaker);
        assert!(breaker.is_turning_away(), "one at a time");
        assert_half_open(&breaker);
        under_way.succeed();
    }
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().successes, 0);
}

#[test]
fn no_more_probes_than_successes_are_missing() {
    let time = virtual_time();
    let breaker = one("payments").probes(2).successes(3);
    ready(&breaker, &time);
    let probes = [probe(&breaker), probe(&breaker)];
    let [first, second] = probes;
    first.succeed();
    let third = probe(&breaker);
    second.succeed();
    assert!(breaker.is_turning_away(), "the third is enough");
    third.succeed();
    assert_closed(&breaker);
}

#[test]
fn a_cycle_begins_with_no_success() {
    let time = virtual_time();
    let breaker = one("payments").successes(2);
    ready(&breaker, &time);
    probe(&breaker).succeed();
    probe(&breaker).fail(ErrorClass::Transient);
    time.pass(secs(30));
    probe(&breaker).succeed();
    assert_half_open(&breaker);
    assert_eq!(breaker.snapshot().successes, 1);
}

#[test]
fn what_says_nothing_gives_the_place_back_and_leaves_the_circuit_half_open() {
    let time = virtual_time();
    let breaker = one("payments");
    ready(&breaker, &time);
    for _ in 0..10 {
        drop(probe(&breaker));
        for class in ErrorClass::ALL {
            if !matches!(class, ErrorClass::Transient | ErrorClass::ServerError) {
                probe(&breaker).fail(class);
                assert_half_open(&breaker);
            }
        }
    }
    probe(&breaker).succeed();
    assert_closed(&breaker);
}

#[test]
fn a_panic_says_nothing_and_gives_the_place_back() {
    let time = virtual_time();
    let breaker = one("payments");
    ready(&breaker, &time);
    let panicked = std::panic::catch_unwind(|| {
        let _probe = probe(&breaker);
        panic!("in the attempt");
    });
    assert!(panicked.is_err());
    assert_half_open(&breaker);
    probe(&breaker).succeed();
    assert_closed(&breaker);
}

#[test]
fn a_slow_success_is_a_failed_probe() {
    let time = virtual_time();
    let breaker = one("payments").slow_rate(secs(2), 1.0, 100, secs(60));
    ready(&breaker, &time);
    let slow = probe(&breaker);
    time.pass(secs(2));
    slow.succeed();
    assert_open(&breaker);

    time.pass(secs(30));
    let quick = probe(&breaker);
    time.pass(Duration::new(1, 999_999_999));
    quick.succeed();
    assert_closed(&breaker);
}

// Lost probes.

#[test]
fn a_probe_that_never_ends_is_given_up() {
    let time = virtual_time();
    let breaker = one("payments").probe_timeout(secs(5));
    ready(&breaker, &time);
    let lost = probe(&breaker);
    time.pass(Duration::new(4, 999_999_999));
    assert!(breaker.is_turning_away());
    time.pass(Duration::from_nanos(1));
    let second = probe(&breaker);
    assert!(breaker.is_turning_away(), "one place, one probe");

    lost.fail(ErrorClass::Transient);
    assert_half_open(&breaker);
    assert_eq!(breaker.snapshot().probes, 1);
    assert_eq!(breaker.snapshot().consecutive, 0);
    second.succeed();
    assert_closed(&breaker);
}

#[test]
fn it_is_given_up_after_a_minute_by_default() {
    let time = virtual_time();
    let breaker = one("payments");
    ready(&breaker, &time);
    let _lost = probe(&breaker);
    time.pass(secs(59));
    assert!(breaker.is_turning_away());
    time.pass(secs(1));
    probe(&breaker).succeed();
    assert_closed(&breaker);
}

#[test]
fn a_probe_that_was_given_up_does_not_close_and_frees_no_place() {
    let time = virtual_time();
    let breaker = one("payments").probe_timeout(secs(5));
    ready(&breaker, &time);
    let lost = [(); 3].map(|()| {
        let lost = probe(&breaker);
        time.pass(secs(5));
        lost
    });
    let _under_way = probe(&breaker);
    let [first, second, third] = lost;
    first.succeed();
    second.fail(ErrorClass::Permanent);
    drop(third);
    assert_half_open(&breaker);
    assert!(breaker.is_turning_away());
}

#[test]
fn only_the_probes_that_are_too_old_are_given_up() {
    let time = virtual_time();
    let breaker = one("payments")
        .probes(2)
        .successes(2)
        .probe_timeout(secs(5));
    ready(&breaker, &time);
    let lost = probe(&breaker);
    time.pass(secs(3));
    let good = probe(&breaker);
    time.pass(secs(2));
    let second = probe(&breaker);
    assert!(breaker.is_turning_away());
    drop(lost);
    good.succeed();
    second.succeed();
    assert_closed(&breaker);
}

// What comes late.

#[test]
fn a_result_of_the_closed_circuit_is_no_probe() {
    let time = virtual_time();
    let breaker = one("payments");
    let early: Vec<_> = (0..4).map(|_| probe(&breaker)).collect();
    ready(&breaker, &time);
    let under_way = probe(&breaker);
    for (index, permit) in early.into_iter().enumerate() {
        match index {
            0 => permit.succeed(),
            1 => permit.fail(ErrorClass::Transient),
            2 => permit.fail(ErrorClass::Permanent),
            _ => drop(permit),
        }
        assert_half_open(&breaker);
        assert!(breaker.is_turning_away());
    }
    under_way.succeed();
    assert_closed(&breaker);
}

#[test]
fn a_probe_of_an_earlier_cycle_neither_votes_nor_frees_a_place() {
    let time = virtual_time();
    let breaker = one("payments").probes(5).successes(5);
    ready(&breaker, &time);
    let early: Vec<_> = (0..4).map(|_| probe(&breaker)).collect();
    probe(&breaker).fail(ErrorClass::Transient);
    time.pass(secs(30));
    let under_way: Vec<_> = (0..5).map(|_| probe(&breaker)).collect();
    for (index, permit) in early.into_iter().enumerate() {
        match index {
            0 => permit.succeed(),
            1 => permit.fail(ErrorClass::Transient),
            2 => permit.fail(ErrorClass::Permanent),
            _ => drop(permit),
        }
        let snapshot = breaker.snapshot();
        assert_eq!(snapshot.state, CircuitState::HalfOpen);
        assert_eq!((snapshot.probes, snapshot.successes), (5, 0));
        assert!(breaker.is_turning_away());
    }
    drop(under_way);
}

#[test]
fn a_probe_of_before_does_not_vote_in_the_closed_circuit() {
    let time = virtual_time();
    let breaker = one("payments").probes(2);
    ready(&breaker, &time);
    let (first, second) = (probe(&breaker), probe(&breaker));
    first.succeed();
    second.fail(ErrorClass::Transient);
    assert_closed(&breaker);
    assert_eq!(breaker.snapshot().consecutive, 0);
}

// Many at once.

#[test]
fn of_a_hundred_callers_exactly_one_gets_through() {
    for _ in 0..20 {
        let breaker = one("payments").open_for(Duration::from_nanos(1));
        breaker.fail();
        let (start, end) = (Barrier::new(100), Barrier::new(100));
        let passed: usize = thread::scope(|scope| {
            let callers: Vec<_> = (0..100)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        let permit = breaker.try_acquire();
                        end.wait();
                        usize::from(permit.is_ok())
                    })
                })
                .collect();
            callers
                .into_iter()
                .map(|caller| caller.join().expect("no panic"))
                .sum()
        });
        assert_eq!(passed, 1);
        let snapshot = breaker.snapshot();
        assert_eq!(snapshot.rejected, 99);
        assert_eq!(snapshot.probes, 0, "it has been given back");
    }
}
