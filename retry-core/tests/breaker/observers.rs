//! What is told about transitions: in order, once each, and to whom.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use retry_core::testing::Recorder;
use retry_core::{CircuitBreaker, CircuitState, ErrorClass, Event, EventKind, Observer};

use super::support::{AT_ONCE, SERVER_ERROR, secs};
use super::{Steps, assert_open, virtual_time};

#[test]
fn an_observer_of_the_circuit_is_told_of_each_transition_in_order() {
    static RECORDER: Recorder = Recorder::new();
    static BREAKER: CircuitBreaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .successes(2)
        .observe(&RECORDER);
    let time = virtual_time();
    BREAKER.fail();
    let _ = BREAKER.turned_away();
    time.pass(secs(30));
    BREAKER.succeed();
    BREAKER.fail();
    time.pass(secs(30));
    BREAKER.succeed();
    BREAKER.succeed();
    BREAKER.succeed();

    assert_eq!(
        RECORDER.kinds(),
        [
            EventKind::CircuitOpened,
            EventKind::CircuitHalfOpen,
            EventKind::CircuitOpened,
            EventKind::CircuitHalfOpen,
            EventKind::CircuitClosed,
        ]
    );
    for (event, number) in RECORDER.events().iter().zip(1..) {
        assert_eq!(event.transition, Some(number));
        assert_eq!(event.guard.as_deref(), Some("payments"));
        assert_eq!((event.operation, event.attempt), ("circuit_breaker", 0));
        assert!(event.elapsed.is_zero());
    }
    assert_eq!(BREAKER.snapshot().transitions, 5);
}

#[test]
fn what_is_done_by_hand_is_told_where_others_see_a_difference() {
    static RECORDER: Recorder = Recorder::new();
    static BREAKER: CircuitBreaker = CircuitBreaker::new("payments").observe(&RECORDER);
    let told = |by_hand: fn(&CircuitBreaker)| {
        RECORDER.clear();
        by_hand(&BREAKER);
        RECORDER.kinds()
    };
    assert_eq!(told(CircuitBreaker::reset), []);
    assert_eq!(told(CircuitBreaker::force_closed), []);
    assert_eq!(told(CircuitBreaker::reset), []);
    assert_eq!(told(CircuitBreaker::force_open), [EventKind::CircuitOpened]);
    assert_eq!(told(CircuitBreaker::force_open), []);
    assert_eq!(told(CircuitBreaker::reset), [EventKind::CircuitClosed]);
    assert_eq!(
        told(|breaker| (0..5).for_each(|_| breaker.fail())),
        [EventKind::CircuitOpened]
    );
    assert_eq!(told(CircuitBreaker::force_open), []);
    assert_eq!(
        told(CircuitBreaker::force_closed),
        [EventKind::CircuitClosed]
    );
}

#[test]
fn half_open_forced_either_way_is_told() {
    static RECORDER: Recorder = Recorder::new();
    static BREAKER: CircuitBreaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .observe(&RECORDER);
    let time = virtual_time();
    for (by_hand, kind) in [
        (
            CircuitBreaker::force_open as fn(&CircuitBreaker),
            EventKind::CircuitOpened,
        ),
        (CircuitBreaker::force_closed, EventKind::CircuitClosed),
        (CircuitBreaker::reset, EventKind::CircuitClosed),
    ] {
        BREAKER.reset();
        BREAKER.fail();
        time.pass(secs(30));
        let _probe = BREAKER.try_acquire();
        RECORDER.clear();
        by_hand(&BREAKER);
        assert_eq!(RECORDER.kinds(), [kind]);
    }
}

#[test]
fn a_later_observer_replaces_an_earlier_one() {
    static EARLIER: Recorder = Recorder::new();
    static LATER: Recorder = Recorder::new();
    let breaker = CircuitBreaker::new("payments")
        .observe(&EARLIER)
        .observe(&LATER);
    breaker.force_open();
    assert_eq!((EARLIER.kinds().len(), LATER.kinds().len()), (0, 1));
}

#[test]
fn an_observer_may_use_the_circuit_and_is_told_of_what_it_did_afterwards() {
    static SEEN: Mutex<Vec<(EventKind, CircuitState)>> = Mutex::new(Vec::new());
    static TELLING: AtomicBool = AtomicBool::new(false);
    static BREAKER: CircuitBreaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .observe(&Meddler);
    struct Meddler;
    impl Observer for Meddler {
        fn on_event(&self, event: &Event<'_>) {
            assert!(
                !TELLING.swap(true, Ordering::Relaxed),
                "one after the other"
            );
            let seen = {
                let mut seen = SEEN.lock().expect("no panic");
                seen.push((event.kind, BREAKER.state()));
                seen.len()
            };
            match seen {
                1 => {
                    BREAKER.reset();
                    BREAKER.fail();
                    BREAKER.force_closed();
                }
                2 => assert!(BREAKER.try_acquire().is_ok()),
                _ => {
                    let _ = BREAKER.snapshot();
                }
            }
            TELLING.store(false, Ordering::Relaxed);
        }
    }
    BREAKER.fail();
    assert_eq!(
        *SEEN.lock().expect("no panic"),
        [
            (EventKind::CircuitOpened, CircuitState::Open),
            (EventKind::CircuitClosed, CircuitState::Closed),
            (EventKind::CircuitOpened, CircuitState::Closed),
            (EventKind::CircuitClosed, CircuitState::Closed),
        ]
    );
}

#[test]
fn an_observer_that_panics_misses_nothing_and_breaks_nothing() {
    static SEEN: AtomicU32 = AtomicU32::new(0);
    static PANICKING: fn(&Event<'_>) = |_| {
        SEEN.fetch_add(1, Ordering::Relaxed);
        panic!("in the observer");
    };
    static BREAKER: CircuitBreaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .observe(&PANICKING);
    let time = virtual_time();
    BREAKER.fail();
    assert_open(&BREAKER);
    time.pass(secs(30));
    BREAKER.succeed();
    assert_eq!(SEEN.load(Ordering::Relaxed), 3);
}

#[test]
fn on_several_threads_the_transitions_are_told_in_one_order_and_once_each() {
    static SEEN: Mutex<Vec<u64>> = Mutex::new(Vec::new());
    static TELLING: AtomicBool = AtomicBool::new(false);
    static LOG: fn(&Event<'_>) = |event| {
        assert!(!TELLING.swap(true, Ordering::SeqCst), "one after the other");
        thread::yield_now();
        SEEN.lock().expect("no panic").extend(event.transition);
        TELLING.store(false, Ordering::SeqCst);
    };
    static BREAKER: CircuitBreaker = CircuitBreaker::new("payments").consecutive(1).observe(&LOG);
    thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for step in 0..200 {
                    match (thread + step) % 4 {
                        0 => BREAKER.force_open(),
                        1 => BREAKER.reset(),
                        2 => BREAKER.force_closed(),
                        _ => {
                            if let Ok(permit) = BREAKER.try_acquire() {
                                permit.fail(ErrorClass::Transient);
                            }
                        }
                    }
                }
            });
        }
    });
    let seen = SEEN.lock().expect("no panic");
    let all: Vec<u64> = (1..=BREAKER.snapshot().transitions).collect();
    assert_eq!(*seen, all);
}

#[test]
fn a_call_is_what_its_transitions_are_told_about() {
    static RECORDER: Recorder = Recorder::new();
    let time = virtual_time();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(2)
        .observe(&RECORDER);
    let own = Recorder::new();
    let policy = AT_ONCE.attempts(5);
    let call = policy.call("pay").breaker(&breaker).observe(&own);
    let _ = call.execute_blocking(|| {
        time.pass(secs(3));
        Err::<(), _>(SERVER_ERROR)
    });
    let events = RECORDER.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, EventKind::CircuitOpened);
    assert_eq!((events[0].operation, events[0].attempt), ("pay", 2));
    assert_eq!(events[0].elapsed, secs(6));
    assert_eq!(events[0].guard.as_deref(), Some("payments"));

    let told: Vec<_> = own
        .events()
        .into_iter()
        .filter(|event| event.transition.is_some())
        .collect();
    assert_eq!(told, events, "the call's own observer is told the same");
}

#[test]
fn a_call_tells_its_own_observer_only_of_what_it_has_caused() {
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let own = Recorder::new();
    let call = AT_ONCE.call("pay").breaker(&breaker).observe(&own);
    let result = call.run_blocking(|| {
        breaker.fail();
        Ok::<_, super::support::Failure>(())
    });
    assert!(result.is_ok());
    assert_open(&breaker);
    assert_eq!(own.count(EventKind::CircuitOpened), 0);
}
