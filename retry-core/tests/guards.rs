//! The shared guards in a call, in the order of checks: B3 to B5 before an attempt, F8 and F9 after a failure.

mod support;

use std::cell::Cell;
use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use retry_core::testing::{ManualClock, Recorder};
use retry_core::{
    Budget, Bulkhead, CircuitBreaker, CircuitSettings, CircuitState, ErrorClass, Event, EventKind,
    SleepDecision, StopReason,
};
#[cfg(feature = "tokio")]
use support::on_tokio;
use support::{
    AT_ONCE, EACH_HOUR, EACH_SECOND, Failure, Leaving, PERMANENT, RecordingSleeper, SERVER_ERROR,
    Script, TRANSIENT, poll_to_end, secs,
};

/// Open, and for how long.
fn open_circuit(clock: &ManualClock, open_for: Duration) -> CircuitBreaker {
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(open_for);
    let _installed = clock.install();
    breaker
        .try_acquire()
        .expect("a closed circuit")
        .fail(ErrorClass::Transient);
    assert_eq!(breaker.state(), CircuitState::Open);
    breaker
}

fn runs() -> (Cell<u32>, impl Fn(&Cell<u32>) -> Result<(), Failure>) {
    (Cell::new(0), |runs| {
        runs.set(runs.get() + 1);
        Err(TRANSIENT)
    })
}

// B3: the circuit is open.

#[test]
fn b3_an_open_circuit_ends_the_call_before_its_first_attempt() {
    let clock = ManualClock::new();
    let breaker = open_circuit(&clock, secs(30));
    let _installed = clock.install();
    clock.advance(secs(10));
    let (count, attempt) = runs();
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let outcome = call.execute_blocking(|| attempt(&count));

    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
    assert_eq!((outcome.attempts(), count.get()), (0, 0));
    assert_eq!(outcome.next_delay(), Some(secs(20)));
    assert_eq!(outcome.last_error(), None);
}

#[test]
fn b3_a_stop_made_of_it_tells_when_the_circuit_lets_a_probe_through() {
    let clock = ManualClock::new();
    let breaker = open_circuit(&clock, secs(30));
    let _installed = clock.install();
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let Err(Failure::Stopped(stopped)) = call.run_blocking(|| Ok::<(), Failure>(())) else {
        panic!("the circuit is open");
    };
    assert_eq!(stopped.reason(), StopReason::CircuitOpen);
    assert_eq!(stopped.retry_after(), Some(secs(30)));
}

#[test]
fn b3_a_stop_names_the_circuit_and_has_it_for_its_source() {
    let breaker = CircuitBreaker::from_settings("host 7".to_owned(), CircuitSettings::DEFAULT)
        .expect("valid settings");
    breaker.force_open();
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let Err(Failure::Stopped(stopped)) = call.run_blocking(|| Ok::<(), Failure>(())) else {
        panic!("the circuit is open");
    };
    assert_eq!(stopped.guard(), Some("host 7"));
    assert_eq!(
        stopped.to_string(),
        "pay stopped after 0 attempts in 0ns: circuit_open (`host 7`)"
    );
    let source = stopped.source().expect("a source");
    assert_eq!(source.to_string(), "the circuit `host 7` is open");
}

#[test]
fn b4_a_stop_names_the_bulkhead() {
    let bulkhead = Bulkhead::new("pool", 1);
    let _inside = bulkhead.try_acquire().expect("room");
    let call = AT_ONCE.call("query").bulkhead(&bulkhead);
    let Err(Failure::Stopped(stopped)) = call.run_blocking(|| Ok::<(), Failure>(())) else {
        panic!("the bulkhead is full");
    };
    assert_eq!(stopped.guard(), Some("pool"));
    assert!(stopped.source().is_none());
}

#[test]
fn an_outcome_names_the_guard_that_ended_the_call() {
    let (clock, breaker) = (ManualClock::new(), CircuitBreaker::new("payments"));
    let call = EACH_SECOND
        .call("pay")
        .clock(&clock)
        .sleeper(&clock)
        .breaker(&breaker);
    // A success, and the end of a call whose circuit has nothing to do with it.
    assert_eq!(call.execute_blocking(|| Ok::<_, Failure>(7)).guard(), None);
    assert_eq!(
        call.execute_blocking(|| Err::<(), _>(PERMANENT)).guard(),
        None
    );
    breaker.force_open();
    let outcome = call.execute_blocking(|| Ok::<_, Failure>(7));
    assert_eq!(outcome.guard(), Some("payments"));

    let budget = Budget::new("retries").ratio(1.0).floor(0);
    let outcome = AT_ONCE
        .call("pay")
        .budget(&budget)
        .execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::BudgetExhausted));
    assert_eq!(outcome.guard(), Some("retries"));
}

#[test]
fn b3_comes_before_the_bulkhead_so_that_nobody_queues_at_an_open_circuit() {
    let clock = ManualClock::new();
    let breaker = open_circuit(&clock, secs(30));
    let bulkhead = Bulkhead::new("pool", 1).wait(secs(5));
    let _inside = bulkhead.try_acquire().expect("room");
    let _installed = clock.install();
    let call = AT_ONCE.call("pay").breaker(&breaker).bulkhead(&bulkhead);
    let outcome = call.execute_blocking(|| Ok::<(), Failure>(()));

    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
    assert_eq!(clock.elapsed(), Duration::ZERO);
    assert_eq!(bulkhead.statistics().timed_out, 0);
}

#[test]
fn b3_an_abort_comes_first() {
    let clock = ManualClock::new();
    let breaker = open_circuit(&clock, secs(30));
    let _installed = clock.install();
    let aborted = AtomicBool::new(true);
    let call = AT_ONCE.call("pay").breaker(&breaker).abort(&aborted);
    let outcome = call.execute_blocking(|| Ok::<(), Failure>(()));
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
}

#[test]
fn b3_a_circuit_that_opens_during_the_sleep_returns_the_last_error() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let breaker = CircuitBreaker::new("payments");
    let call = EACH_SECOND.call("pay").breaker(&breaker).on_sleep(|_, _| {
        breaker.force_open();
        SleepDecision::Sleep
    });
    assert_eq!(
        call.run_blocking(|| Err::<(), _>(SERVER_ERROR)),
        Err(SERVER_ERROR)
    );
    assert_eq!(clock.elapsed(), secs(1));
}

// B4: the bulkhead.

#[test]
fn b4_a_full_bulkhead_in_which_nobody_waits_ends_the_call_at_once() {
    let bulkhead = Bulkhead::new("pool", 1);
    let inside = bulkhead.try_acquire().expect("room");
    let call = AT_ONCE.call("query").bulkhead(&bulkhead);
    let outcome = call.execute_blocking(|| Ok::<_, Failure>(1));
    assert_eq!(outcome.stop_reason(), Some(StopReason::BulkheadFull));
    assert_eq!(outcome.attempts(), 0);

    drop(inside);
    assert_eq!(call.run_blocking(|| Ok::<_, Failure>(1)), Ok(1));
    assert_eq!(bulkhead.in_use(), 0);
}

#[test]
fn b4_a_blocking_call_queues_for_as_long_as_the_bulkhead_allows() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let bulkhead = Bulkhead::new("pool", 1).wait(secs(3));
    let _inside = bulkhead.try_acquire().expect("room");
    let call = AT_ONCE.call("query").bulkhead(&bulkhead);
    let outcome = call.execute_blocking(|| Ok::<_, Failure>(1));
    assert_eq!(outcome.stop_reason(), Some(StopReason::BulkheadFull));
    assert_eq!((clock.elapsed(), outcome.elapsed()), (secs(3), secs(3)));
    assert_eq!(bulkhead.statistics().timed_out, 1);
}

#[cfg(feature = "tokio")]
#[test]
fn b4_an_async_call_queues_for_as_long_as_the_bulkhead_allows() {
    on_tokio(async {
        let started = tokio::time::Instant::now();
        let bulkhead = Bulkhead::new("pool", 1).wait(secs(3));
        let _inside = bulkhead.try_acquire().expect("room");
        let call = AT_ONCE.call("query").bulkhead(&bulkhead);
        let Err(Failure::Stopped(stopped)) = call.run(async || Ok::<(), Failure>(())).await else {
            panic!("the bulkhead is full");
        };
        assert_eq!(stopped.reason(), StopReason::BulkheadFull);
        // Nobody has asked for the time before the call began to queue.
        assert_eq!(stopped.elapsed(), secs(3));
        assert_eq!(started.elapsed(), secs(3));
    });
}

#[cfg(feature = "tokio")]
#[test]
fn b4_a_place_that_becomes_free_lets_the_call_in() {
    on_tokio(async {
        let bulkhead = Bulkhead::new("pool", 1).wait(secs(10));
        let inside = bulkhead.try_acquire().expect("room");
        let started = tokio::time::Instant::now();
        let call = AT_ONCE.call("query").bulkhead(&bulkhead);
        let leave = async {
            tokio::time::sleep(secs(2)).await;
            drop(inside);
        };
        let (outcome, ()) = tokio::join!(call.execute(async || Ok::<_, Failure>(1)), leave);
        assert_eq!(outcome.value(), Some(&1));
        assert_eq!(started.elapsed(), secs(2));
        assert_eq!(bulkhead.in_use(), 0);
    });
}

#[test]
fn b4_a_blocking_call_is_let_in_by_another_thread() {
    let bulkhead = Bulkhead::new("pool", 1).wait(Duration::MAX);
    let inside = bulkhead.try_acquire().expect("room");
    let call = AT_ONCE.call("query").bulkhead(&bulkhead);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| call.run_blocking(|| Ok::<_, Failure>(1)));
        while bulkhead.statistics().queued == 0 {
            std::thread::yield_now();
        }
        drop(inside);
        assert_eq!(waiting.join().expect("no panic"), Ok(1));
    });
}

#[cfg(feature = "tokio")]
#[test]
fn b4_the_wait_ends_with_the_deadline_even_before_the_first_attempt() {
    on_tokio(async {
        let bulkhead = Bulkhead::new("pool", 1).wait(secs(10));
        let _inside = bulkhead.try_acquire().expect("room");
        let policy = AT_ONCE.deadline(secs(4));
        let call = policy.call("query").bulkhead(&bulkhead);
        let outcome = call.execute(async || Ok::<_, Failure>(1)).await;
        assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
        assert_eq!((outcome.attempts(), outcome.elapsed()), (0, secs(4)));
    });
}

#[cfg(feature = "tokio")]
#[test]
fn b4_neither_the_wait_nor_the_queue_counts_towards_the_attempt_timeout() {
    on_tokio(async {
        let bulkhead = Bulkhead::new("pool", 1).wait(secs(10));
        let inside = bulkhead.try_acquire().expect("room");
        let policy = AT_ONCE.attempt_timeout(secs(3));
        let call = policy.call("query").bulkhead(&bulkhead);
        let leave = async {
            tokio::time::sleep(secs(5)).await;
            drop(inside);
        };
        let operation = async || {
            tokio::time::sleep(secs(2)).await;
            Ok::<_, Failure>(1)
        };
        let (outcome, ()) = tokio::join!(call.execute(operation), leave);
        assert_eq!((outcome.value(), outcome.attempts()), (Some(&1), 1));
        assert_eq!(outcome.elapsed(), secs(7));
    });
}

#[test]
fn b4_an_abort_ends_the_wait() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let bulkhead = Bulkhead::new("pool", 1).wait(secs(3600));
    let _inside = bulkhead.try_acquire().expect("room");
    let aborted = || clock.elapsed() >= secs(1);
    let call = AT_ONCE.call("query").bulkhead(&bulkhead).abort(&aborted);

    let outcome = call.execute_blocking(|| Ok::<_, Failure>(1));
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert!(clock.elapsed() < secs(2), "a flag is looked at every 50 ms");
    assert_eq!(bulkhead.statistics().queued, 0);
}

#[test]
fn b4_an_abort_ends_the_wait_of_an_async_call() {
    let clock = ManualClock::new();
    let bulkhead = Bulkhead::new("pool", 1).wait(secs(3600));
    let _inside = bulkhead.try_acquire().expect("room");
    let aborted = || clock.elapsed() >= secs(1);
    let call = AT_ONCE
        .call("query")
        .bulkhead(&bulkhead)
        .clock(&clock)
        .sleeper(&clock)
        .abort(&aborted);
    let outcome = poll_to_end(call.execute(async || Ok::<_, Failure>(1)));
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert!(clock.elapsed() < secs(2), "a flag is looked at every 50 ms");
    assert_eq!(bulkhead.statistics().queued, 0);
}

#[test]
fn b4_a_long_wait_that_an_abort_ends_is_contention_too() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let recorder = Recorder::new();
    let bulkhead = Bulkhead::new("pool", 1)
        .wait(secs(3600))
        .contention_after(secs(1));
    let _inside = bulkhead.try_acquire().expect("room");
    let aborted = || clock.elapsed() >= secs(2);
    let call = AT_ONCE.call("query").bulkhead(&bulkhead);
    let call = call.abort(&aborted).observe(&recorder);
    let _ = call.execute_blocking(|| Ok::<_, Failure>(1));
    assert_eq!(
        recorder.kinds(),
        [EventKind::ContentionDetected, EventKind::Aborted]
    );
}

#[cfg(feature = "tokio")]
#[test]
fn a_call_that_has_ended_holds_nothing_even_if_its_future_is_kept() {
    on_tokio(async {
        let breaker = CircuitBreaker::new("payments").consecutive(1);
        let budget = Budget::new("payments").per_window(5, secs(3600));
        let bulkhead = Bulkhead::new("pool", 1);
        let aborted = AtomicBool::new(false);
        let call = EACH_HOUR
            .call("pay")
            .budget(&budget)
            .bulkhead(&bulkhead)
            .abort(&aborted);
        let mut sleeping = std::pin::pin!(call.execute(async || Err::<(), _>(TRANSIENT)));
        assert!(
            tokio::time::timeout(secs(1), &mut sleeping).await.is_err(),
            "it sleeps for an hour"
        );
        assert_eq!(budget.remaining(), 4);
        aborted.store(true, Ordering::Relaxed);
        let outcome = sleeping.as_mut().await;
        assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
        assert_eq!((budget.remaining(), bulkhead.in_use()), (5, 0));

        // The circuit says no when the place in the bulkhead has been taken already.
        breaker
            .try_acquire()
            .expect("closed")
            .fail(ErrorClass::Transient);
        tokio::time::advance(secs(60)).await;
        let clock = ManualClock::new();
        clock.advance(secs(60));
        let _installed = clock.install();
        let _probe = breaker.try_acquire().expect("the probe");
        let call = AT_ONCE.call("pay").breaker(&breaker).bulkhead(&bulkhead);
        let mut ended = std::pin::pin!(call.execute(async || Ok::<(), Failure>(())));
        let outcome = ended.as_mut().await;
        assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
        assert_eq!(bulkhead.in_use(), 0);
    });
}

#[test]
fn a_blocking_call_with_guards_sleeps_in_one_go() {
    let sleeper = RecordingSleeper::default();
    let bulkhead = Bulkhead::new("pool", 1).wait(secs(5));
    let call = EACH_SECOND
        .call("query")
        .bulkhead(&bulkhead)
        .clock(&sleeper)
        .sleeper(&sleeper);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.attempts(), 3);
    assert_eq!(sleeper.slept(), [secs(1), secs(1)]);
}

#[test]
fn b4_a_call_that_sleeps_holds_no_place() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let bulkhead = Bulkhead::new("pool", 1);
    let in_use = AtomicU32::new(9);
    let call = EACH_HOUR
        .call("query")
        .bulkhead(&bulkhead)
        .on_sleep(|_, _| {
            in_use.store(bulkhead.in_use(), Ordering::Relaxed);
            SleepDecision::Sleep
        });
    let outcome = call.execute_blocking(|| {
        assert_eq!(bulkhead.in_use(), 1);
        Err::<(), _>(TRANSIENT)
    });
    assert_eq!(outcome.attempts(), 3);
    assert_eq!(in_use.load(Ordering::Relaxed), 0);
    assert_eq!(bulkhead.in_use(), 0);
}

#[test]
fn b4_a_retry_that_finds_the_bulkhead_full_returns_the_last_error() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let bulkhead = Bulkhead::new("pool", 1);
    let taken = Cell::new(None);
    let call = EACH_SECOND
        .call("query")
        .bulkhead(&bulkhead)
        .on_sleep(|_, _| {
            taken.set(bulkhead.try_acquire().ok());
            SleepDecision::Sleep
        });
    let outcome = call.execute_blocking(|| Err::<(), _>(SERVER_ERROR));
    assert_eq!(outcome.stop_reason(), Some(StopReason::BulkheadFull));
    assert_eq!(outcome.last_error(), Some(&SERVER_ERROR));
    assert_eq!(outcome.attempts(), 1);
}

#[cfg(feature = "tokio")]
#[test]
fn b4_the_circuit_is_looked_at_again_after_the_wait() {
    on_tokio(async {
        let breaker = CircuitBreaker::new("payments");
        let bulkhead = Bulkhead::new("pool", 1).wait(secs(10));
        let inside = bulkhead.try_acquire().expect("room");
        let call = AT_ONCE.call("query").bulkhead(&bulkhead).breaker(&breaker);
        let leave = async {
            tokio::time::sleep(secs(1)).await;
            breaker.force_open();
            drop(inside);
        };
        let (outcome, ()) = tokio::join!(call.execute(async || Ok::<_, Failure>(1)), leave);
        assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
        assert_eq!(bulkhead.in_use(), 0);
    });
}

#[cfg(feature = "tokio")]
#[test]
fn b4_a_circuit_that_has_opened_meanwhile_comes_before_the_end_of_the_wait() {
    on_tokio(async {
        for deadline in [secs(2), secs(60)] {
            let breaker = CircuitBreaker::new("payments");
            let bulkhead = Bulkhead::new("pool", 1).wait(secs(3));
            let _inside = bulkhead.try_acquire().expect("room");
            let policy = AT_ONCE.deadline(deadline);
            let call = policy.call("query").bulkhead(&bulkhead).breaker(&breaker);
            let open = async {
                tokio::time::sleep(secs(1)).await;
                breaker.force_open();
            };
            let (outcome, ()) = tokio::join!(call.execute(async || Ok::<_, Failure>(1)), open);
            assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
            assert_eq!(outcome.elapsed(), secs(3).min(deadline));
            assert_eq!(breaker.snapshot().rejected, 1);
            let statistics = bulkhead.statistics();
            assert_eq!((statistics.timed_out, statistics.given_up), (0, 1));
        }
    });
}

#[test]
fn b4_a_blocking_call_on_virtual_time_enters_when_a_place_comes_be_it_at_the_last_moment() {
    for at in [secs(1), secs(3)] {
        let bulkhead = Bulkhead::new("pool", 1).wait(secs(3));
        let sleeper = Leaving::from(&bulkhead, at);
        let call = AT_ONCE
            .call("query")
            .bulkhead(&bulkhead)
            .clock(&sleeper.clock)
            .sleeper(&sleeper);
        let outcome = call.execute_blocking(|| Ok::<_, Failure>(1));
        assert_eq!((outcome.value(), outcome.elapsed()), (Some(&1), at));
        assert_eq!((bulkhead.in_use(), bulkhead.statistics().acquired), (0, 2));
    }
}

#[cfg(feature = "tokio")]
#[test]
fn b4_a_long_wait_is_told_before_what_comes_after_it() {
    on_tokio(async {
        let recorder = Recorder::new();
        let breaker = CircuitBreaker::new("payments")
            .consecutive(1)
            .open_for(secs(1));
        let bulkhead = Bulkhead::new("pool", 1).wait(secs(10));
        let inside = bulkhead.try_acquire().expect("room");
        let call = AT_ONCE.call("query").bulkhead(&bulkhead).breaker(&breaker);
        let fail_and_leave = async {
            let other = AT_ONCE.call("other").breaker(&breaker);
            let _ = other.execute(async || Err::<(), _>(TRANSIENT)).await;
            tokio::time::sleep(secs(2)).await;
            drop(inside);
        };
        // The call queues first, while the circuit is closed.
        let call = call.observe(&recorder);
        let _ = tokio::join!(call.execute(async || Ok::<_, Failure>(1)), fail_and_leave);
        assert_eq!(
            recorder.kinds(),
            [
                EventKind::ContentionDetected,
                EventKind::CircuitHalfOpen,
                EventKind::AttemptStarted,
                EventKind::AttemptEnded,
                EventKind::CircuitClosed,
                EventKind::Success,
            ]
        );
    });
}

#[cfg(feature = "tokio")]
#[test]
fn b4_a_call_that_got_its_place_and_cannot_use_it_has_not_given_up() {
    on_tokio(async {
        let aborted = AtomicBool::new(false);
        let bulkhead = Bulkhead::new("pool", 1).wait(secs(10));
        let inside = bulkhead.try_acquire().expect("room");
        let call = AT_ONCE.call("query").bulkhead(&bulkhead).abort(&aborted);
        let leave = async {
            tokio::time::sleep(secs(1)).await;
            aborted.store(true, Ordering::Relaxed);
            drop(inside);
        };
        let (outcome, ()) = tokio::join!(call.execute(async || Ok::<_, Failure>(1)), leave);
        assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
        let statistics = bulkhead.statistics();
        assert_eq!((statistics.acquired, statistics.given_up), (2, 0));
        assert_eq!(statistics.in_use, 0);
    });
}

#[cfg(feature = "tokio")]
#[test]
fn b4_a_long_wait_is_contention_whether_or_not_a_place_came() {
    on_tokio(async {
        let recorder = Recorder::new();
        let bulkhead = Bulkhead::new("pool", 1)
            .wait(secs(3))
            .contention_after(secs(1));
        let inside = bulkhead.try_acquire().expect("room");
        let call = AT_ONCE.call("query").bulkhead(&bulkhead).observe(&recorder);
        let _ = call.execute(async || Ok::<_, Failure>(1)).await;
        let leave = async {
            tokio::time::sleep(secs(2)).await;
            drop(inside);
        };
        let _ = tokio::join!(call.execute(async || Ok::<_, Failure>(1)), leave);

        assert_eq!(
            recorder.kinds(),
            [
                EventKind::ContentionDetected,
                EventKind::BulkheadRejected,
                EventKind::ContentionDetected,
                EventKind::AttemptStarted,
                EventKind::AttemptEnded,
                EventKind::Success,
            ]
        );
        let events = recorder.events();
        assert_eq!(events[0].guard.as_deref(), Some("pool"));
        assert_eq!(events[0].delay, Some(secs(3)));
        assert_eq!(events[1].guard.as_deref(), Some("pool"));
        assert_eq!(events[2].delay, Some(secs(2)));
        assert_eq!(bulkhead.statistics().contended, 2);
    });
}

#[cfg(feature = "tokio")]
#[test]
fn b4_a_call_dropped_while_it_queues_leaves_the_queue_and_counts_as_contention() {
    on_tokio(async {
        let bulkhead = Bulkhead::new("pool", 1)
            .wait(secs(60))
            .contention_after(secs(1));
        let _inside = bulkhead.try_acquire().expect("room");
        let call = AT_ONCE.call("query").bulkhead(&bulkhead);
        let cut = tokio::time::timeout(secs(5), call.execute(async || Ok::<_, Failure>(1))).await;
        assert!(cut.is_err());
        let statistics = bulkhead.statistics();
        assert_eq!((statistics.queued, statistics.contended), (0, 1));
    });
}

// B5: the circuit's permit.

#[test]
fn b5_the_first_to_ask_after_the_time_is_over_is_the_probe_and_closes_the_circuit() {
    let clock = ManualClock::new();
    let breaker = open_circuit(&clock, secs(30));
    let _installed = clock.install();
    let recorder = Recorder::new();
    clock.advance(secs(30));
    let call = AT_ONCE.call("pay").breaker(&breaker).observe(&recorder);
    let outcome = call.execute_blocking(|| {
        assert_eq!(breaker.state(), CircuitState::HalfOpen);
        Ok::<_, Failure>(1)
    });
    assert!(outcome.is_success());
    assert_eq!(breaker.state(), CircuitState::Closed);
    assert_eq!(
        recorder.kinds(),
        [
            EventKind::CircuitHalfOpen,
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::CircuitClosed,
            EventKind::Success,
        ]
    );
    let transitions: Vec<_> = recorder
        .events()
        .into_iter()
        .filter_map(|event| Some((event.transition?, event.guard?)))
        .collect();
    let payments = || "payments".to_owned();
    assert_eq!(transitions, [(2, payments()), (3, payments())]);
}

#[test]
fn b5_a_second_call_finds_no_probe_left_and_leaves_the_bulkhead() {
    let clock = ManualClock::new();
    let breaker = open_circuit(&clock, secs(30));
    let _installed = clock.install();
    clock.advance(secs(30));
    let bulkhead = Bulkhead::new("pool", 5);
    let _probe = breaker.try_acquire().expect("the probe");
    let call = AT_ONCE.call("pay").breaker(&breaker).bulkhead(&bulkhead);
    let outcome = call.execute_blocking(|| Ok::<_, Failure>(1));
    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
    assert_eq!((outcome.attempts(), outcome.next_delay()), (0, None));
    assert_eq!((bulkhead.in_use(), bulkhead.statistics().acquired), (0, 1));
}

#[test]
fn b5_a_retry_of_a_probe_that_failed_is_not_made() {
    let clock = ManualClock::new();
    let breaker = open_circuit(&clock, secs(30));
    let _installed = clock.install();
    clock.advance(secs(30));
    let script = Script::new([Err::<u8, _>(TRANSIENT)]);
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let outcome = call.execute_blocking(|| script.attempt());
    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
    assert_eq!((outcome.attempts(), script.runs()), (1, 1));
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
}

// After a failure.

#[test]
fn a_failure_that_opens_the_circuit_ends_the_call_with_its_error_f8() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let recorder = Recorder::new();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(2)
        .open_for(secs(9));
    let policy = EACH_SECOND.attempts(5);
    let call = policy.call("pay").breaker(&breaker).observe(&recorder);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));

    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    assert_eq!(outcome.attempts(), 2);
    assert_eq!(outcome.next_delay(), Some(secs(9)));
    assert_eq!(clock.elapsed(), secs(1), "no sleep before a rejection");
    assert_eq!(
        recorder.kinds()[3..],
        [
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::CircuitOpened,
            EventKind::CircuitRejected,
        ]
    );
    let last = recorder.events().pop().expect("an event");
    assert_eq!(last.guard.as_deref(), Some("payments"));
    assert_eq!(last.delay, Some(secs(9)));
    assert_eq!(last.class, Some(ErrorClass::Transient));
}

#[test]
fn f4_the_last_attempt_stops_for_its_own_reason_even_if_it_opens_the_circuit() {
    let breaker = CircuitBreaker::new("payments").consecutive(3);
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    assert_eq!(outcome.next_delay(), None);
    assert_eq!(breaker.state(), CircuitState::Open);
}

#[test]
fn f7_a_delay_beyond_the_deadline_comes_before_the_circuit() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let policy = EACH_HOUR.deadline(secs(60));
    let call = policy.call("pay").breaker(&breaker);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
}

#[test]
fn f8_an_open_circuit_takes_nothing_from_the_budget() {
    let budget = Budget::new("payments").per_window(5, secs(60));
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let call = AT_ONCE.call("pay").breaker(&breaker).budget(&budget);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
    assert_eq!(budget.remaining(), 5);
    assert_eq!(budget.statistics().allowed, 0);
}

#[test]
fn f8_a_circuit_whose_time_is_over_is_not_open() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(Duration::from_nanos(1));
    let script = Script::new([Err(TRANSIENT), Ok(1)]).taking(secs(1), &clock);
    // It opens with the first attempt's failure and is due again when the second could start.
    let call = EACH_SECOND.call("pay").breaker(&breaker);
    let outcome = call.execute_blocking(|| script.attempt());
    assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
    clock.advance(Duration::from_nanos(1));
    assert_eq!(call.execute_blocking(|| script.attempt()).value(), Some(&1));
}

#[test]
fn f9_a_budget_that_is_used_up_ends_the_call_with_its_error() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let recorder = Recorder::new();
    let budget = Budget::new("payments").per_window(1, secs(60));
    let policy = EACH_SECOND.attempts(5);
    let call = policy.call("pay").budget(&budget).observe(&recorder);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));

    assert_eq!(outcome.stop_reason(), Some(StopReason::BudgetExhausted));
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    assert_eq!(outcome.attempts(), 2);
    let last = recorder.events().pop().expect("an event");
    assert_eq!(last.kind, EventKind::BudgetExhausted);
    assert_eq!(last.guard.as_deref(), Some("payments"));
}

#[test]
fn f9_the_last_attempt_takes_nothing_from_the_budget() {
    let budget = Budget::new("payments").per_window(5, secs(60));
    let call = AT_ONCE.call("pay").budget(&budget);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    assert_eq!(budget.remaining(), 3, "two retries of three attempts");
    let call = AT_ONCE.call("pay").budget(&budget);
    let _ = call.execute_blocking(|| Err::<(), _>(PERMANENT));
    assert_eq!(budget.remaining(), 3, "what is never retried costs nothing");
}

#[test]
fn f10_a_retry_that_is_deferred_or_aborted_gives_its_token_back() {
    for decision in [SleepDecision::Defer, SleepDecision::Abort] {
        let budget = Budget::new("payments").per_window(5, secs(60));
        let call = AT_ONCE
            .call("pay")
            .budget(&budget)
            .on_sleep(|_, _| decision);
        let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
        assert_eq!(outcome.attempts(), 1);
        assert_eq!(budget.remaining(), 5, "{decision:?}");
    }
}

#[test]
fn a_token_is_taken_before_the_sleep_and_goes_back_if_the_retry_never_runs() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let budget = Budget::new("payments").per_window(5, secs(36_000));
    let during = AtomicU32::new(9);
    let aborted = || {
        if clock.elapsed() > Duration::ZERO {
            let remaining = u32::try_from(budget.remaining()).expect("few");
            during.store(remaining, Ordering::Relaxed);
        }
        clock.elapsed() >= secs(1)
    };
    let call = EACH_HOUR.call("pay").budget(&budget).abort(&aborted);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert_eq!(during.load(Ordering::Relaxed), 4);
    assert_eq!(budget.remaining(), 5);
}

#[test]
fn the_budget_gets_a_deposit_once_per_call() {
    let budget = Budget::new("payments").ratio(1.0).floor(0);
    let policy = AT_ONCE.attempts(4);
    let call = policy.call("pay").budget(&budget);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::BudgetExhausted));
    assert_eq!(
        outcome.attempts(),
        2,
        "one first attempt pays for one retry"
    );
}

#[test]
fn a_call_that_is_turned_away_deposits_nothing() {
    let budget = Budget::new("payments").ratio(1.0).floor(0);
    let breaker = CircuitBreaker::new("payments");
    breaker.force_open();
    let call = AT_ONCE.call("pay").budget(&budget).breaker(&breaker);
    let _ = call.execute_blocking(|| Ok::<(), Failure>(()));
    assert_eq!(budget.statistics().first_attempts, 0);
}

// Votes.

#[test]
fn per_call_a_call_that_succeeds_at_last_is_a_success() {
    let breaker = CircuitBreaker::new("payments").consecutive(2).per_call();
    let script = Script::new([Err(TRANSIENT), Err(TRANSIENT), Ok(1)]);
    let call = AT_ONCE.call("pay").breaker(&breaker);
    assert!(call.execute_blocking(|| script.attempt()).is_success());
    assert_eq!(breaker.snapshot().consecutive, 0);
}

#[test]
fn per_call_a_call_that_fails_is_one_failure_announced_before_its_end() {
    let recorder = Recorder::new();
    let breaker = CircuitBreaker::new("payments").consecutive(2).per_call();
    let call = AT_ONCE.call("pay").breaker(&breaker).observe(&recorder);
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(breaker.snapshot().consecutive, 1);
    recorder.clear();
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(breaker.state(), CircuitState::Open);
    assert_eq!(
        recorder.kinds()[6..],
        [
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::CircuitOpened,
            EventKind::MaxAttemptsExceeded,
        ]
    );
    let attempts: Vec<_> = recorder.events()[6..].iter().map(|it| it.attempt).collect();
    assert_eq!(attempts, [3, 3, 3, 3]);
}

#[cfg(feature = "tokio")]
#[test]
fn a_timeout_votes_as_a_failure() {
    on_tokio(async {
        let breaker = CircuitBreaker::new("payments").consecutive(2);
        let policy = AT_ONCE.attempts(2).attempt_timeout(secs(1));
        let call = policy.call("pay").breaker(&breaker);
        let outcome = call
            .execute(std::future::pending::<Result<(), Failure>>)
            .await;
        assert_eq!(outcome.attempts(), 2);
        assert_eq!(breaker.state(), CircuitState::Open);
    });
}

// Observers.

#[test]
fn an_observer_may_use_the_circuit_that_it_is_told_about() {
    let breaker = CircuitBreaker::new("payments").consecutive(1);
    let told = AtomicU32::new(0);
    let reset = |event: &Event<'_>| {
        if event.kind == EventKind::CircuitOpened {
            told.fetch_add(1, Ordering::Relaxed);
            breaker.reset();
        }
    };
    let call = AT_ONCE.call("pay").breaker(&breaker).observe(&reset);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    assert_eq!(told.load(Ordering::Relaxed), 3);
}

#[cfg(feature = "tokio")]
#[test]
fn a_call_with_guards_can_be_run_again() {
    let breaker = CircuitBreaker::new("payments");
    let budget = Budget::new("payments");
    let bulkhead = Bulkhead::new("pool", 1);
    let call = AT_ONCE
        .call("pay")
        .breaker(&breaker)
        .budget(&budget)
        .bulkhead(&bulkhead);
    for _ in 0..3 {
        assert_eq!(call.run_blocking(|| Ok::<_, Failure>(1)), Ok(1));
        assert_eq!(poll_to_end(call.run(async || Ok::<_, Failure>(2))), Ok(2));
    }
    assert_eq!((bulkhead.in_use(), bulkhead.statistics().acquired), (0, 6));
}

#[cfg(feature = "tokio")]
#[test]
fn a_task_that_makes_calls_with_guards_may_change_threads() {
    static BREAKER: CircuitBreaker = CircuitBreaker::new("payments");
    fn is_send<T: Send>(_: T) {}
    is_send(async {
        let call = AT_ONCE.call("pay").breaker(&BREAKER);
        call.run(async || Ok::<_, Failure>(1)).await
    });
    is_send(async {
        let (budget, bulkhead) = (Budget::new("payments"), Bulkhead::new("pool", 1));
        let call = AT_ONCE.call("pay").budget(&budget).bulkhead(&bulkhead);
        let _ = call.execute(async || Ok::<_, Failure>(1)).await;
        call.run(async || Ok::<_, Failure>(2)).await
    });
}

#[cfg(all(feature = "macros", feature = "tokio"))]
#[test]
fn a_task_that_calls_a_function_with_guards_may_change_threads() {
    struct Client {
        breaker: CircuitBreaker,
    }
    impl Client {
        #[retry_core::retry(breaker = self.breaker, bulkhead = POOL)]
        async fn pay(&self) -> Result<u8, Failure> {
            Ok(1)
        }
    }
    static POOL: Bulkhead = Bulkhead::new("pool", 1);
    fn is_send<T: Send>(_: T) {}
    is_send(async {
        let client = Client {
            breaker: CircuitBreaker::new("payments"),
        };
        client.pay().await
    });
}
