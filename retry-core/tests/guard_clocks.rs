//! Guards in calls under clocks of every kind, and with the greatest of all settings: no panic, no overflow, and nothing that stays stuck.

mod support;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use retry_core::testing::ManualClock;
use retry_core::time::Wait;
use retry_core::{
    Backoff, Budget, Bulkhead, CircuitBreaker, CircuitState, Clock, ErrorClass, Outcome, Policy,
    Sleep, StopReason,
};
use support::{
    AT_ONCE, EACH_SECOND, Failure, PERMANENT, RATE_LIMIT, SERVER_ERROR, TRANSIENT, millis,
    poll_to_end, secs,
};

const YEAR: Duration = secs(365 * 24 * 3600);

/// The guards of a test.
struct Guards {
    breaker: CircuitBreaker,
    budget: Budget,
    bulkhead: Bulkhead,
}

impl Guards {
    /// Each with a window, so that each has something to do with time.
    fn with_windows() -> Self {
        Self {
            breaker: CircuitBreaker::new("payments")
                .failures(3, secs(60))
                .failure_rate(0.5, 6, secs(60))
                .slow_rate(secs(30), 0.5, 6, secs(60))
                .class_failures(ErrorClass::RateLimit, 3, secs(60))
                .open_for(secs(10)),
            budget: Budget::new("payments").per_window(2, secs(60)),
            bulkhead: Bulkhead::new("pool", 1).wait(secs(5)),
        }
    }

    /// All of them at the end of what they accept.
    fn without_bounds() -> Self {
        Self {
            breaker: CircuitBreaker::new("payments")
                .failures(65_536, Duration::MAX)
                .consecutive(u32::MAX)
                .failure_rate(1.0, u32::MAX, Duration::MAX)
                .slow_rate(Duration::MAX, 1.0, u32::MAX, Duration::MAX)
                .class_failures(ErrorClass::RateLimit, 65_536, Duration::MAX)
                .open_for(Duration::MAX)
                .growing(f64::MAX, Duration::MAX)
                .retry_after_max(Duration::MAX)
                .probes(u32::MAX)
                .successes(u32::MAX)
                .probe_timeout(Duration::MAX),
            budget: Budget::new("payments").per_window(65_536, Duration::MAX),
            bulkhead: Bulkhead::new("pool", u32::MAX >> 1)
                .wait(Duration::MAX)
                .queue(u32::MAX)
                .contention_after(Duration::MAX),
        }
    }

    /// One call under a clock, whose sleeps are those of a sleeper.
    fn call(
        &self,
        policy: &Policy,
        (clock, sleeper): (&dyn Clock, &dyn Sleep),
        asynchronous: bool,
        mut operation: impl FnMut() -> Result<u8, Failure>,
    ) -> Outcome<u8, Failure> {
        let call = policy
            .call("pay")
            .breaker(&self.breaker)
            .budget(&self.budget)
            .bulkhead(&self.bulkhead)
            .clock(clock)
            .sleeper(sleeper);
        if asynchronous {
            poll_to_end(call.execute(|| std::future::ready(operation())))
        } else {
            call.execute_blocking(operation)
        }
    }

    fn assert_deserted(&self) {
        let statistics = self.bulkhead.statistics();
        assert_eq!((statistics.in_use, statistics.queued), (0, 0));
        assert_eq!(self.breaker.snapshot().probes, 0);
    }
}

fn on(clock: &ManualClock) -> (&dyn Clock, &dyn Sleep) {
    (clock, clock)
}

// Silence.

#[test]
fn after_a_century_of_silence_every_window_is_empty_and_every_wait_is_over() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let guards = Guards::with_windows();
    for century in 0..4 {
        let asynchronous = century % 2 == 0;
        let call = |result: Result<u8, Failure>| {
            guards.call(&EACH_SECOND, on(&clock), asynchronous, || result.clone())
        };
        // Two retries, then none; the circuit opens with the third failure.
        let outcome = call(Err(SERVER_ERROR));
        assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
        assert_eq!(guards.budget.remaining(), 0);
        assert_eq!(guards.breaker.state(), CircuitState::Open);
        let outcome = call(Ok(7));
        assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));

        clock.advance(100 * YEAR);
        assert_eq!(guards.budget.remaining(), 2);
        assert!(call(Ok(7)).is_success());
        let now = guards.breaker.snapshot();
        assert_eq!((now.state, now.openings), (CircuitState::Closed, 0));
        // What is alone in its window opens nothing.
        assert_eq!(call(Err(PERMANENT)).attempts(), 1);
        assert_eq!(guards.breaker.state(), CircuitState::Closed);
        guards.assert_deserted();
        clock.advance(YEAR);
    }
}

#[test]
fn who_queues_through_years_is_let_in_or_turned_away_on_time() {
    let clock = ManualClock::new();
    let bulkhead = Bulkhead::new("pool", 1).wait(100 * YEAR);
    let _inside = bulkhead.try_acquire().expect("room");
    let call = AT_ONCE
        .call("query")
        .bulkhead(&bulkhead)
        .clock(&clock)
        .sleeper(&clock);
    let outcome = poll_to_end(call.execute(async || Ok::<_, Failure>(7)));
    assert_eq!(outcome.stop_reason(), Some(StopReason::BulkheadFull));
    assert_eq!(outcome.elapsed(), 100 * YEAR);
    assert_eq!(bulkhead.statistics().longest_wait(), 100 * YEAR);
}

#[test]
fn a_circuit_that_opens_after_years_says_how_long_it_will_be_open() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .retry_after_max(Duration::MAX);
    clock.advance(300 * YEAR);
    let call = AT_ONCE.call("pay").breaker(&breaker);
    let failure = Failure::Hint(ErrorClass::Transient, Duration::MAX);
    let outcome = call.execute_blocking(|| Err::<(), _>(failure.clone()));
    assert_eq!(outcome.next_delay(), Some(Duration::MAX));
    let Err(Failure::Stopped(stopped)) = call.run_blocking(|| Ok::<_, Failure>(())) else {
        panic!("the circuit is open");
    };
    assert_eq!(stopped.retry_after(), Some(Duration::MAX));
}

// The end of time.

#[test]
fn at_the_end_of_time_calls_still_end() {
    let clock = ManualClock::new();
    clock.advance(Duration::MAX);
    let _installed = clock.install();
    for asynchronous in [false, true] {
        let guards = Guards::with_windows();
        let end = clock.elapsed();
        let call = |result: Result<u8, Failure>| {
            guards.call(&EACH_SECOND, on(&clock), asynchronous, || result.clone())
        };
        assert!(call(Ok(7)).is_success());
        let outcome = call(Err(SERVER_ERROR));
        assert_eq!((outcome.attempts(), outcome.elapsed()), (3, Duration::ZERO));
        // No time passes any more, so it stays open, and the budget used up.
        let outcome = call(Ok(7));
        assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
        assert_eq!(outcome.next_delay(), Some(secs(10)));
        guards.breaker.reset();
        let outcome = call(Err(RATE_LIMIT));
        assert_eq!(outcome.stop_reason(), Some(StopReason::BudgetExhausted));
        guards.budget.reset();
        {
            let _inside = guards.bulkhead.try_acquire().expect("room");
            let outcome = call(Ok(7));
            assert_eq!(outcome.stop_reason(), Some(StopReason::BulkheadFull));
        }
        assert!(call(Ok(7)).is_success());
        guards.assert_deserted();
        assert_eq!(clock.elapsed(), end);
    }
}

// Clocks that repeat themselves.

/// Shows whole minutes.
struct Coarse {
    fine: ManualClock,
    origin: Instant,
}

impl Clock for Coarse {
    fn now(&self) -> Instant {
        self.origin + secs(self.fine.elapsed().as_secs() / 60 * 60)
    }
}

#[test]
fn a_clock_of_whole_minutes_counts_everything_once() {
    let clock = Coarse {
        fine: ManualClock::new(),
        origin: Instant::now(),
    };
    let policy = EACH_SECOND.attempts(2);
    for asynchronous in [false, true] {
        let guards = Guards {
            breaker: CircuitBreaker::new("payments")
                .failures(10, secs(60))
                .open_for(secs(60)),
            budget: Budget::new("payments").per_window(4, secs(60)),
            bulkhead: Bulkhead::new("pool", 1),
        };
        for _minute in 0..3 {
            // Right after a step of the clock.
            let passed = clock.fine.elapsed().as_nanos() % 60_000_000_000;
            let left = secs(60).saturating_sub(Duration::from_nanos(
                u64::try_from(passed).expect("less than a minute"),
            ));
            clock.fine.advance(left);
            let call = |result: Result<u8, Failure>| {
                let source: (&dyn Clock, &dyn Sleep) = (&clock, &clock.fine);
                guards.call(&policy, source, asynchronous, || result.clone())
            };
            // Four calls that are retried and two that cannot be: ten failures in one reading.
            for attempts in [2, 2, 2, 2, 1, 1] {
                assert_eq!(guards.breaker.state(), CircuitState::Closed);
                assert_eq!(call(Err(TRANSIENT)).attempts(), attempts);
            }
            assert_eq!(guards.breaker.state(), CircuitState::Open);
            let outcome = call(Ok(7));
            assert_eq!(outcome.next_delay(), Some(secs(60)));
            clock.fine.advance(secs(60));
            assert!(call(Ok(7)).is_success());
            guards.assert_deserted();
        }
    }
}

/// A clock that never moves does not keep a call waiting that has somebody else's sleeper.
#[test]
fn a_clock_that_stands_still_keeps_nobody_waiting() {
    struct Still(Instant);
    impl Clock for Still {
        fn now(&self) -> Instant {
            self.0
        }
    }
    let (still, moving) = (Still(Instant::now()), ManualClock::new());
    for asynchronous in [false, true] {
        let guards = Guards::with_windows();
        let source: (&dyn Clock, &dyn Sleep) = (&still, &moving);
        let outcome = guards.call(&EACH_SECOND, source, asynchronous, || Err(RATE_LIMIT));
        assert_eq!((outcome.attempts(), outcome.elapsed()), (3, Duration::ZERO));
        guards.breaker.reset();
        let _inside = guards.bulkhead.try_acquire().expect("room");
        let outcome = guards.call(&EACH_SECOND, source, asynchronous, || Ok(7));
        assert_eq!(outcome.stop_reason(), Some(StopReason::BulkheadFull));
    }
}

// Clocks that go back.

/// Shows one reading after the other, the last one for ever.
struct Erratic {
    origin: Instant,
    readings: Mutex<Vec<Duration>>,
    read: AtomicU32,
}

impl Erratic {
    fn new(readings: Vec<Duration>) -> Self {
        Self {
            origin: Instant::now(),
            readings: Mutex::new(readings),
            read: AtomicU32::new(0),
        }
    }
}

impl Clock for Erratic {
    fn now(&self) -> Instant {
        let readings = self.readings.lock().expect("no panic while locked");
        let index = self.read.fetch_add(1, Ordering::Relaxed) as usize;
        self.origin + readings[index % readings.len()]
    }
}

/// A wait takes no time at all.
struct AtOnce;

impl Sleep for AtOnce {
    fn sleep(&self, _: Duration) -> Wait<'_> {
        Box::pin(std::future::ready(()))
    }

    fn sleep_blocking(&self, _: Duration) {}
}

/// The first look finds its time over, the second one does not.
#[test]
fn a_clock_that_goes_back_between_two_looks_at_the_circuit_turns_the_call_away_with_a_time() {
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(secs(10));
    // The vote, the look after the failure; before the next attempt the shortcut's look, the look, and the permit.
    let clock = Erratic::new(vec![secs(50), secs(50), secs(70), secs(70), secs(55)]);
    let call = AT_ONCE.call("pay").breaker(&breaker).clock(&clock);
    assert_eq!(
        call.run_blocking(|| Err::<(), _>(TRANSIENT)),
        Err(TRANSIENT)
    );
    assert_eq!(clock.read.load(Ordering::Relaxed), 2);
    let Err(Failure::Stopped(stopped)) = call.run_blocking(|| Ok::<_, Failure>(())) else {
        panic!("the circuit is open");
    };
    assert_eq!(stopped.reason(), StopReason::CircuitOpen);
    assert_eq!(stopped.retry_after(), Some(secs(5)));
    assert_eq!(clock.read.load(Ordering::Relaxed), 5);
}

fn any_result() -> impl Strategy<Value = Result<u8, Failure>> {
    proptest::sample::select(vec![
        Ok(7),
        Err(TRANSIENT),
        Err(SERVER_ERROR),
        Err(RATE_LIMIT),
        Err(PERMANENT),
        Err(Failure::Hint(ErrorClass::Transient, secs(20))),
        Err(Failure::Hint(ErrorClass::ServerError, Duration::MAX)),
    ])
}

fn any_reading() -> impl Strategy<Value = Duration> {
    prop_oneof![
        4 => (0_u64..120_000).prop_map(millis),
        1 => (0_u32..400).prop_map(|years| YEAR * years),
        1 => Just(Duration::ZERO),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// However a clock leaps about, on a sane one the guards soon are what they were.
    #[test]
    fn no_clock_leaves_a_guard_stuck(
        readings in vec(any_reading(), 1..40),
        results in vec((any_result(), any::<bool>(), any::<bool>()), 1..40),
        unbounded in any::<bool>(),
    ) {
        let guards = if unbounded { Guards::without_bounds() } else { Guards::with_windows() };
        let clock = Erratic::new(readings);
        let policy = EACH_SECOND.deadline(secs(100)).attempt_timeout(secs(50));
        for (result, asynchronous, occupied) in results {
            let inside = (occupied && !unbounded).then(|| guards.bulkhead.try_acquire());
            let outcome = guards.call(&policy, (&clock, &AtOnce), asynchronous, || result.clone());
            prop_assert!(outcome.attempts() <= 3);
            drop(inside);
            guards.assert_deserted();
        }
        if unbounded {
            return Ok(());
        }
        // A clock that shows less than all of them did.
        let clock = ManualClock::new();
        let _installed = clock.install();
        let _ = guards.budget.remaining();
        let _ = guards.call(&AT_ONCE, on(&clock), false, || Ok(7));
        // The hints that were followed were cut to two minutes.
        clock.advance(secs(120));
        prop_assert!(guards.call(&AT_ONCE, on(&clock), false, || Ok(7)).is_success());
        prop_assert_eq!(guards.breaker.state(), CircuitState::Closed);
        prop_assert_eq!(guards.budget.remaining(), 2);
        let outcome = guards.call(&EACH_SECOND, on(&clock), true, || Err(PERMANENT));
        prop_assert_eq!(outcome.stop_reason(), Some(StopReason::NonRetryableClass));
        guards.assert_deserted();
    }
}

// The greatest settings.

#[test]
fn the_greatest_settings_are_settings() {
    const POLICY: Policy = Policy::new()
        .attempts(u32::MAX)
        .deadline(Duration::MAX)
        .attempt_timeout(Duration::MAX)
        .retry_after_max(Duration::MAX)
        .backoff(Backoff::fixed(secs(1)));
    let clock = ManualClock::new();
    let _installed = clock.install();
    let guards = Guards::without_bounds();
    for asynchronous in [false, true] {
        let call = |results: &[Result<u8, Failure>]| {
            let mut results = results.iter().cloned();
            let next = || results.next().expect("another result");
            guards.call(&POLICY, on(&clock), asynchronous, next)
        };
        let forever = Failure::Hint(ErrorClass::RateLimit, Duration::MAX);
        let outcome = call(&[Err(TRANSIENT), Err(RATE_LIMIT), Err(SERVER_ERROR), Ok(7)]);
        assert_eq!((outcome.value(), outcome.attempts()), (Some(&7), 4));
        let outcome = call(&[Err(forever)]);
        assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
        assert_eq!(guards.breaker.state(), CircuitState::Closed);
        assert_eq!(call(&[Ok(7)]).value(), Some(&7));
        guards.assert_deserted();
    }
    assert_eq!(guards.budget.remaining(), 65_536 - 2 * 3);
    assert_eq!(guards.breaker.snapshot().failures, 2 * 3 + 2);

    // Open for ever, but not after a reset; half-open with more probes than there can be.
    guards.breaker.force_open();
    let outcome = guards.call(&POLICY, on(&clock), false, || Ok(7));
    assert_eq!(outcome.next_delay(), None);
    guards.breaker.reset();
    assert!(
        guards
            .call(&POLICY, on(&clock), false, || Ok(7))
            .is_success()
    );
}

#[test]
fn a_circuit_with_the_most_probes_closes_only_when_all_have_succeeded() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(Duration::from_nanos(1))
        .growing(f64::MAX, Duration::from_nanos(1))
        .probes(u32::MAX)
        .successes(u32::MAX);
    let call = AT_ONCE.call("pay").breaker(&breaker);
    for openings in 1..5 {
        let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
        assert_eq!(outcome.stop_reason(), Some(StopReason::CircuitOpen));
        assert_eq!(breaker.snapshot().openings, openings);
        clock.advance(Duration::from_nanos(1));
        for _ in 0..100 {
            assert!(call.execute_blocking(|| Ok::<_, Failure>(7)).is_success());
        }
        assert_eq!(breaker.snapshot().successes, 100);
    }
}

#[test]
fn the_greatest_budgets_are_budgets_in_calls() {
    let budgets = [
        Budget::new("ratio").ratio(1000.0).floor(u32::MAX),
        Budget::new("bucket")
            .token_bucket(u32::MAX)
            .cost(ErrorClass::Transient, u32::MAX)
            .refund(u32::MAX),
    ];
    for budget in &budgets {
        let call = AT_ONCE.call("pay").budget(budget);
        for _ in 0..3 {
            let mut results = [Err(TRANSIENT), Ok(7)].into_iter();
            let next = || results.next().expect("another result");
            assert_eq!(call.run_blocking(next), Ok(7));
        }
        assert_eq!(budget.statistics().allowed, 3);
    }
}

#[test]
fn a_wait_without_end_ends_with_the_deadline() {
    let clock = ManualClock::new();
    let bulkhead = Bulkhead::new("pool", 1).wait(Duration::MAX);
    let _inside = bulkhead.try_acquire().expect("room");
    let policy = AT_ONCE.deadline(secs(5));
    let call = policy
        .call("query")
        .bulkhead(&bulkhead)
        .clock(&clock)
        .sleeper(&clock);
    let outcome = call.execute_blocking(|| Ok::<_, Failure>(7));
    assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
    let outcome = poll_to_end(call.execute(async || Ok::<_, Failure>(7)));
    assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
    assert_eq!(clock.elapsed(), secs(10));
    assert_eq!(bulkhead.statistics().given_up, 2);
}
