//! What an observer keeps from one event of a call to the next.

#![cfg(feature = "tokio")]

use std::future::{Future, pending};
use std::io;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use retry_core::{
    Backoff, Bulkhead, CircuitBreaker, Event, EventKind, Observer, Policy, testing::ManualClock,
    testing::Recorder,
};

const POLICY: Policy = Policy::new().attempts(3).backoff(Backoff::none());

/// Counts the events of each call from the first one on, and notes the count at its terminal event.
#[derive(Default)]
struct Counter {
    counts: Mutex<Vec<u32>>,
    alive: AtomicU32,
}

struct Count<'a> {
    events: u32,
    alive: &'a AtomicU32,
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Observer for &'static Counter {
    fn on_event(&self, event: &Event<'_>) {
        event.with_state(*self, |count: &mut Option<Count<'static>>| {
            let count = count.get_or_insert_with(|| {
                self.alive.fetch_add(1, Ordering::Relaxed);
                Count {
                    events: 0,
                    alive: &self.alive,
                }
            });
            count.events += 1;
            if event.kind.is_terminal() {
                self.counts.lock().unwrap().push(count.events);
            }
        });
    }
}

fn counter() -> &'static Counter {
    Box::leak(Box::default())
}

fn fails() -> io::Result<()> {
    Err(io::ErrorKind::TimedOut.into())
}

#[test]
fn lasts_from_the_first_event_to_the_last() {
    let counter = counter();
    let call = POLICY.call("fetch").observe(&counter);
    assert!(call.run_blocking(fails).is_err());
    assert!(call.run_blocking(|| Ok::<_, io::Error>(())).is_ok());
    // Three attempts have two events each, and `retry` or the terminal event follows.
    assert_eq!(*counter.counts.lock().unwrap(), [9, 3]);
    assert_eq!(counter.alive.load(Ordering::Relaxed), 0);
}

#[test]
fn is_dropped_with_the_future() {
    let counter = counter();
    let call = POLICY.call("fetch").observe(&counter);
    {
        let mut running = pin!(call.run(pending::<io::Result<()>>));
        let mut context = Context::from_waker(Waker::noop());
        assert!(running.as_mut().poll(&mut context).is_pending());
        assert_eq!(counter.alive.load(Ordering::Relaxed), 1);
    }
    assert_eq!(counter.alive.load(Ordering::Relaxed), 0);
    assert!(counter.counts.lock().unwrap().is_empty());
}

#[test]
fn belongs_to_one_call_and_one_observer() {
    let (outer, inner) = (counter(), counter());
    let call = POLICY.call("inner").observe(&outer).observe(&inner);
    let nested = || call.run_blocking(fails);
    assert!(
        POLICY
            .call("outer")
            .observe(&outer)
            .run_blocking(nested)
            .is_err()
    );
    assert_eq!(*outer.counts.lock().unwrap(), [9, 9, 9, 9]);
    assert_eq!(*inner.counts.lock().unwrap(), [9, 9, 9]);
}

#[test]
fn observers_of_different_types_at_one_address_have_states_of_their_own() {
    /// Neither takes room, so that in a pair both are at one address.
    struct Attempts;
    struct Retries;

    static ATTEMPTS: AtomicU32 = AtomicU32::new(0);
    static RETRIES: AtomicU32 = AtomicU32::new(0);

    /// Counts the events of one kind, and shows the count at the end.
    fn count(count: &mut Option<u32>, event: &Event<'_>, kind: EventKind, shown: &AtomicU32) {
        let count = count.get_or_insert_default();
        *count += u32::from(event.kind == kind);
        if event.kind.is_terminal() {
            shown.store(*count, Ordering::Relaxed);
        }
    }

    impl Observer for Attempts {
        fn on_event(&self, event: &Event<'_>) {
            event.with_state(self, |state| {
                count(state, event, EventKind::AttemptStarted, &ATTEMPTS);
            });
        }
    }

    impl Observer for Retries {
        fn on_event(&self, event: &Event<'_>) {
            event.with_state(self, |state| {
                count(state, event, EventKind::Retry, &RETRIES);
            });
        }
    }

    let both = (Attempts, Retries);
    let call = POLICY.call("fetch").observe(&both);
    assert!(call.run_blocking(fails).is_err());
    assert_eq!(ATTEMPTS.load(Ordering::Relaxed), 3);
    assert_eq!(RETRIES.load(Ordering::Relaxed), 2);
}

#[test]
fn is_gone_when_its_observer_panics_over_it_or_takes_it() {
    let seen = Mutex::new(Vec::new());
    let clumsy = |event: &Event<'_>| {
        event.with_state(&seen, |attempts: &mut Option<u32>| {
            seen.lock().unwrap().push(*attempts);
            *attempts = Some(event.attempt);
            match event.kind {
                EventKind::Retry if event.attempt == 1 => panic!("clumsy"),
                EventKind::Retry => *attempts = None,
                _ => {}
            }
        });
    };
    assert!(
        POLICY
            .call("fetch")
            .observe(&clumsy)
            .run_blocking(fails)
            .is_err()
    );
    let (one, two, three) = (Some(1), Some(2), Some(3));
    assert_eq!(
        *seen.lock().unwrap(),
        [None, one, one, None, two, two, None, three, three]
    );
}

#[test]
fn outside_of_a_call_nothing_lasts() {
    static SEEN: Mutex<Vec<Option<u64>>> = Mutex::new(Vec::new());
    static OBSERVER: fn(&Event<'_>) = |event| {
        event.with_state(&SEEN, |last: &mut Option<u64>| {
            SEEN.lock().unwrap().push(*last);
            *last = event.transition;
        });
    };
    let breaker = CircuitBreaker::new("payments").observe(&OBSERVER);
    breaker.force_open();
    breaker.force_closed();
    assert_eq!(*SEEN.lock().unwrap(), [None, None]);
}

#[test]
fn the_circuit_itself_tells_of_a_transition_with_the_state_of_the_call_that_has_caused_it() {
    static SEEN: Mutex<Vec<(EventKind, Option<u32>)>> = Mutex::new(Vec::new());
    static OBSERVER: fn(&Event<'_>) = |event| {
        event.with_state(&SEEN, |attempt: &mut Option<u32>| {
            SEEN.lock().unwrap().push((event.kind, *attempt));
            *attempt = Some(event.attempt);
        });
    };
    let breaker = CircuitBreaker::new("payments")
        .consecutive(2)
        .observe(&OBSERVER);
    // The call's own observer is this one.
    let call = POLICY.call("pay").breaker(&breaker).observe(&OBSERVER);
    assert!(call.run_blocking(fails).is_err());
    let told = SEEN.lock().unwrap();
    let opened = told
        .iter()
        .filter(|(kind, _)| *kind == EventKind::CircuitOpened);
    // By the circuit, and by the call.
    let (kind, kept) = (EventKind::CircuitOpened, Some(2));
    assert_eq!(
        opened.collect::<Vec<_>>(),
        [&(kind, kept), &(kind, kept)],
        "{told:?}"
    );
}

#[test]
fn every_event_of_a_call_brings_its_guards() {
    let (breaker, bulkhead) = (
        CircuitBreaker::new("payments"),
        Bulkhead::new("payments", 1),
    );
    let seen = Mutex::new(Vec::new());
    let observer = |event: &Event<'_>| {
        let inside = event.bulkhead.map(Bulkhead::in_use);
        let state = event.breaker.map(CircuitBreaker::state);
        assert!(event.budget.is_none());
        seen.lock()
            .unwrap()
            .push((event.kind, inside, state.is_some()));
    };
    let call = POLICY
        .call("pay")
        .observe(&observer)
        .breaker(&breaker)
        .bulkhead(&bulkhead);
    assert!(call.run_blocking(|| Ok::<_, io::Error>(())).is_ok());
    assert_eq!(
        *seen.lock().unwrap(),
        [
            (EventKind::AttemptStarted, Some(1), true),
            (EventKind::AttemptEnded, Some(1), true),
            (EventKind::Success, Some(0), true),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_tells_how_long_it_has_waited_for_the_bulkhead() {
    let bulkhead = Bulkhead::new("database", 1).wait(Duration::from_millis(50));
    let recorder = Recorder::new();
    let waits = || {
        recorder
            .events()
            .into_iter()
            .map(|event| (event.kind, event.wait))
    };
    let call = POLICY.call("query").observe(&recorder).bulkhead(&bulkhead);

    assert!(call.run(|| async { Ok::<_, io::Error>(()) }).await.is_ok());
    assert_eq!(
        waits().next(),
        Some((EventKind::AttemptStarted, Some(Duration::ZERO)))
    );

    recorder.clear();
    let permit = bulkhead.try_acquire().unwrap();
    let first = call.run(|| async { Ok::<_, io::Error>(()) });
    let release = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(permit);
    };
    assert!(tokio::join!(first, release).0.is_ok());
    assert_eq!(
        waits().next(),
        Some((EventKind::AttemptStarted, Some(Duration::from_millis(20))))
    );

    recorder.clear();
    let permit = bulkhead.try_acquire().unwrap();
    let outcome = call.execute(|| async { Ok::<_, io::Error>(()) }).await;
    assert!(!outcome.is_success());
    assert_eq!(
        waits().collect::<Vec<_>>(),
        [(EventKind::BulkheadRejected, Some(Duration::from_millis(50)))]
    );
    drop(permit);

    recorder.clear();
    let clock = ManualClock::new();
    let call = POLICY.call("query").observe(&recorder).clock(&clock);
    assert!(call.run_blocking(|| Ok::<_, io::Error>(())).is_ok());
    assert_eq!(waits().next(), Some((EventKind::AttemptStarted, None)));
}

#[test]
fn a_state_that_panics_when_it_is_dropped_changes_nothing() {
    struct Fragile;

    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("fragile");
        }
    }

    let careless = |event: &Event<'_>| {
        event.with_state(&(), |state: &mut Option<Fragile>| {
            state.get_or_insert(Fragile);
        });
    };
    let call = POLICY.call("fetch").observe(&careless);
    assert_eq!(call.run_blocking(|| Ok::<_, io::Error>(7)).unwrap(), 7);
    assert!(call.run_blocking(fails).is_err());
}

#[test]
fn the_state_of_the_outer_use_stays() {
    let seen = Mutex::new(Vec::new());
    let nesting = |event: &Event<'_>| {
        event.with_state(&seen, |outer: &mut Option<&str>| {
            seen.lock().unwrap().push(*outer);
            event.with_state(&seen, |inner: &mut Option<&str>| {
                assert_eq!(*inner, None);
                *inner = Some("inner");
            });
            *outer = Some("outer");
        });
    };
    let call = POLICY.call("fetch").observe(&nesting);
    assert!(call.run_blocking(|| Ok::<_, io::Error>(7)).is_ok());
    assert_eq!(*seen.lock().unwrap(), [None, Some("outer"), Some("outer")]);
}
