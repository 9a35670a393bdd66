//! What a call costs until something fails: no heap allocation, no look at the clock, and a few bytes of future.

#![cfg(all(feature = "macros", feature = "tokio"))]

#[path = "support/allocations.rs"]
mod allocations;
mod support;

use std::future::Future;
use std::hint::black_box;
use std::io;
use std::pin::pin;
#[cfg(feature = "metrics")]
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use allocations::allocations;
use retry_core::{
    AbortSignal, Attempt, Backoff, Budget, Bulkhead, CircuitBreaker, Clock, ErrorClass, Event,
    Policy, Stats, Stopped, Timeline, retry,
};
#[cfg(feature = "metrics")]
use retry_core::{BulkheadSettings, observe::MetricsObserver};
use support::{AT_ONCE, Failure, PERMANENT, TRANSIENT, poll_once, secs};

// Heap allocations.

#[test]
fn the_allocator_counts() {
    assert_eq!(allocations(|| Box::new(black_box(7))), 1);
    assert_eq!(allocations(|| black_box(7)), 0);
}

/// Counts for each policy and both drivers what a first-try success allocates.
fn assert_free(policy: &Policy) {
    let ok = || Ok::<_, Failure>(black_box(7));
    let call = policy.call("test");
    assert_eq!(allocations(|| call.run_blocking(ok)), 0);
    assert_eq!(allocations(|| call.execute_blocking(ok)), 0);
    assert_eq!(allocations(|| poll_once(call.run(async || ok()))), 0);
    assert_eq!(allocations(|| poll_once(call.execute(async || ok()))), 0);
}

#[test]
fn statistics_allocate_for_the_first_event_of_an_operation_only() {
    let (stats, policy) = (Stats::new(), AT_ONCE.attempts(2));
    let ok = || Ok::<_, Failure>(black_box(7));
    let fails = || Err::<u8, _>(TRANSIENT);
    let call = policy.call("test");
    let counted = policy.call("test").observe(&stats);
    let first = allocations(|| counted.execute_blocking(ok));
    assert_eq!(first, 1);
    assert_eq!(allocations(|| counted.execute_blocking(ok)), 0);
    assert_eq!(
        allocations(|| counted.execute_blocking(fails)),
        allocations(|| call.execute_blocking(fails))
    );
}

#[test]
fn a_success_at_the_first_attempt_allocates_nothing() {
    assert_free(&Policy::new());
}

#[test]
fn a_deadline_and_an_attempt_timeout_allocate_nothing_until_they_are_needed() {
    assert_free(&Policy::new().deadline(secs(10)));
    assert_free(&Policy::new().attempt_timeout(secs(2)));
    assert_free(&Policy::new().deadline(secs(10)).attempt_timeout(secs(2)));
}

#[test]
fn behaviours_allocate_nothing_until_they_are_needed() {
    let ok = || Ok::<_, Failure>(black_box(7));
    let policy = Policy::new();
    let signal = AbortSignal::new();
    let events = AtomicU64::new(0);
    let observer = |_: &Event<'_>| {
        events.fetch_add(1, Ordering::Relaxed);
    };
    let call = policy
        .call("test")
        .abort(&signal)
        .observe(&observer)
        .observe(&observer)
        .classify(|_: &Failure| ErrorClass::Transient)
        .retry_if(|_| true)
        .retry_until(|value| *value == 7)
        .describe(|_, _| Ok(()))
        .on_sleep(|_, _| retry_core::SleepDecision::Sleep)
        .on_stop(Failure::Stopped)
        .seed(7);
    assert_eq!(allocations(|| call.run_blocking(ok)), 0);
    assert_eq!(allocations(|| poll_once(call.run(async || ok()))), 0);
    assert_eq!(events.load(Ordering::Relaxed), 2 * 2 * 3);
}

#[cfg(feature = "opentelemetry")]
#[test]
fn open_telemetry_allocates_nothing_of_ours_until_something_fails() {
    use retry_core::observe::OpenTelemetryObserver;

    // With providers that do nothing themselves.
    let observer = OpenTelemetryObserver::global();
    let policy = Policy::new();
    let bulkhead = Bulkhead::new("pool", 10);
    let call = policy.call("test").observe(&observer).bulkhead(&bulkhead);
    let ok = || Ok::<_, Failure>(black_box(7));
    assert_eq!(allocations(|| call.run_blocking(ok)), 0);
    assert_eq!(allocations(|| poll_once(call.run(async || ok()))), 0);
}

/// One of each form.
fn budgets() -> [Budget; 3] {
    [
        Budget::new("ratio"),
        Budget::new("window").per_window(100, secs(60)),
        Budget::new("bucket").token_bucket(100),
    ]
}

#[test]
fn guards_allocate_nothing_until_something_fails() {
    let ok = || Ok::<_, Failure>(black_box(7));
    let policy = Policy::new().deadline(secs(10)).attempt_timeout(secs(2));
    let breaker = CircuitBreaker::new("payments").failures(5, secs(60));
    let rates = CircuitBreaker::new("payments")
        .failure_rate(0.5, 20, secs(60))
        .slow_rate(secs(1), 0.5, 20, secs(60));
    let bulkhead = Bulkhead::new("pool", 10).wait(secs(1));
    for budget in &budgets() {
        for breaker in [&breaker, &rates] {
            let call = policy
                .call("test")
                .breaker(breaker)
                .budget(budget)
                .bulkhead(&bulkhead);
            // More often than a budget leaves first attempts undated.
            for _ in 0..20 {
                assert_eq!(allocations(|| call.run_blocking(ok)), 0);
                assert_eq!(allocations(|| call.execute_blocking(ok)), 0);
                assert_eq!(allocations(|| poll_once(call.run(async || ok()))), 0);
                assert_eq!(allocations(|| poll_once(call.execute(async || ok()))), 0);
            }
        }
    }
}

/// After each series has been used once. What an exporter allocates is its own; there is none.
#[cfg(feature = "metrics")]
#[test]
fn metrics_allocate_nothing_once_their_series_are_known() {
    static METRICS: LazyLock<MetricsObserver> =
        LazyLock::new(|| MetricsObserver::new().expect("the only one"));
    let (breaker, bulkhead) = (CircuitBreaker::new("payments"), Bulkhead::new("pool", 1));
    let call = AT_ONCE
        .call("test")
        .breaker(&breaker)
        .bulkhead(&bulkhead)
        .observe(&METRICS);
    for budget in &budgets() {
        let call = call.clone().budget(budget);
        let succeed = || call.run_blocking(|| Ok::<_, Failure>(black_box(7)));
        let _ = succeed();
        assert_eq!(allocations(succeed), 0);
    }

    // The call's history.
    let fail = || call.run_blocking(|| Err::<u8, _>(PERMANENT));
    let _ = fail();
    assert_eq!(allocations(fail), 1);
}

#[cfg(feature = "metrics")]
#[test]
fn metrics_of_a_guard_that_is_named_at_run_time_allocate_a_little() {
    let metrics = MetricsObserver::with_prefix("run_time_").expect("the only one");
    let bulkhead = Bulkhead::from_settings(format!("shard {}", 7), BulkheadSettings::DEFAULT)
        .expect("it is valid");
    let call = AT_ONCE.call("test").bulkhead(&bulkhead).observe(&metrics);
    let succeed = || call.run_blocking(|| Ok::<_, Failure>(black_box(7)));
    let _ = succeed();
    // Its name and the labels, each time that one of its three samples is recorded.
    assert_eq!(allocations(succeed), 2 * 3);
}

#[test]
fn a_bulkhead_with_room_allocates_nothing() {
    static POOL: Bulkhead = Bulkhead::new("pool", 1).wait(secs(1));
    assert_eq!(allocations(|| POOL.try_acquire().is_ok()), 0);
    assert_eq!(allocations(|| POOL.acquire_blocking().is_ok()), 0);
    assert_eq!(allocations(|| poll_once(POOL.acquire()).is_ok()), 0);
    let permit = POOL.try_acquire();
    assert_eq!(allocations(|| POOL.try_acquire().is_err()), 0);
    assert_eq!(allocations(|| permit), 0);
}

#[test]
fn a_call_is_made_without_allocation() {
    let signal = AbortSignal::new();
    let run = || {
        let policy = Policy::new().attempts(5).deadline(secs(10)).checked();
        policy
            .call("test")
            .abort(&signal)
            .run_blocking(|| Ok::<_, Failure>(7))
    };
    assert_eq!(allocations(run), 0);
}

#[test]
fn a_call_that_has_not_waited_fails_without_allocation() {
    let breaker = CircuitBreaker::new("payments").failures(1000, secs(60));
    let delayed = Policy::new();
    for (policy, error) in [
        (AT_ONCE.attempts(1), TRANSIENT),
        (AT_ONCE.attempts(100), TRANSIENT),
        (AT_ONCE.attempts(100), PERMANENT),
        (delayed.attempts(1), TRANSIENT),
        (delayed, PERMANENT),
        (delayed.deadline(secs(10)), PERMANENT),
    ] {
        let call = policy.call("test");
        let fail = || call.run_blocking(|| Err::<(), _>(error.clone()));
        assert_eq!(allocations(fail), 0, "{policy:?} {error:?}");
    }
    let call = delayed.call("test").breaker(&breaker);
    let fail = || call.run_blocking(|| Err::<(), _>(PERMANENT));
    assert_eq!(allocations(fail), 0, "with a breaker");
}

#[test]
fn further_failures_allocate_nothing_that_the_first_did_not() {
    let fail = |attempts| {
        let policy = AT_ONCE.attempts(attempts);
        let call = policy.call("test").on_retry(|_| {});
        allocations(|| call.run_blocking(|| Err::<(), _>(TRANSIENT)))
    };
    for attempts in [1, 2, 100] {
        assert_eq!(fail(attempts), 1, "{attempts} attempts");
    }
}

#[test]
fn a_refusal_by_an_open_circuit_allocates_the_stop_only() {
    let breaker = CircuitBreaker::new("payments");
    breaker.force_open();
    let call = AT_ONCE.call("test").breaker(&breaker);
    let refused = || call.run_blocking(|| Ok::<_, Failure>(7)).is_err();
    assert_eq!(allocations(refused), 1);
    let refused = || call.execute_blocking(|| Ok::<_, Failure>(7)).is_success();
    assert_eq!(allocations(refused), 0);
}

#[retry(attempts = 3, backoff = fixed("1s"), attempt_timeout = "1s")]
async fn async_function_that_hangs() -> io::Result<u8> {
    std::future::pending().await
}

/// What a call holds while its attempt hangs, and while it sleeps: its history, with the timer inside.
#[test]
fn a_call_that_waits_holds_one_block() {
    let paused = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let policy = Policy::new()
        .attempts(3)
        .backoff(Backoff::fixed(Duration::from_secs(1)))
        .attempt_timeout(Duration::from_secs(1));
    paused.block_on(async {
        let call = policy.call("test");
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut by_call = pin!(call.run(std::future::pending::<io::Result<u8>>));
        let mut by_attribute = pin!(async_function_that_hangs());
        let mut poll = || {
            let by_call = allocations(|| by_call.as_mut().poll(&mut context).is_pending());
            let by_attribute =
                allocations(|| by_attribute.as_mut().poll(&mut context).is_pending());
            (by_call, by_attribute)
        };
        assert_eq!(poll(), (1, 1), "an attempt that hangs");
        for what in ["a sleep", "another attempt", "another sleep"] {
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(poll(), (0, 0), "{what}");
        }
    });
}

#[retry]
fn sync_function(value: u8) -> io::Result<u8> {
    Ok(black_box(value))
}

#[retry(attempts = 5, deadline = "10s")]
fn sync_function_with_deadline(value: u8) -> io::Result<u8> {
    Ok(black_box(value))
}

#[retry]
async fn async_function(value: u8) -> io::Result<u8> {
    Ok(black_box(value))
}

#[retry(deadline = "10s", attempt_timeout = "1s")]
async fn async_function_with_times(value: u8) -> io::Result<u8> {
    Ok(black_box(value))
}

#[retry(fallback = |error| if value > 7 { Ok(value) } else { Err(error) })]
fn sync_function_with_fallback(#[attempt] attempt: Attempt, value: u8) -> io::Result<u8> {
    Ok(black_box(value + u8::from(attempt.is_last())))
}

#[retry(fallback = async |_| Ok(value))]
async fn async_function_with_fallback(#[attempt] attempt: Attempt, value: u8) -> io::Result<u8> {
    Ok(black_box(value + u8::from(attempt.is_last())))
}

#[retry(returns = outcome)]
fn sync_function_with_outcome(value: u8) -> io::Result<u8> {
    Ok(black_box(value))
}

#[retry(deadline = "10s", returns = outcome)]
async fn async_function_with_outcome(value: u8) -> io::Result<u8> {
    Ok(black_box(value))
}

#[test]
fn what_the_caller_gets_in_the_end_allocates_nothing_until_it_is_needed() {
    assert_eq!(allocations(|| sync_function_with_fallback(7)), 0);
    assert_eq!(
        allocations(|| poll_once(async_function_with_fallback(7))),
        0
    );
    assert_eq!(allocations(|| sync_function_with_outcome(7)), 0);
    assert_eq!(allocations(|| poll_once(async_function_with_outcome(7))), 0);
}

#[test]
fn retried_functions_allocate_nothing() {
    assert_eq!(allocations(|| sync_function(7)), 0);
    assert_eq!(allocations(|| sync_function_with_deadline(7)), 0);
    assert_eq!(allocations(|| poll_once(async_function(7))), 0);
    assert_eq!(allocations(|| poll_once(async_function_with_times(7))), 0);
}

#[test]
fn a_timeline_that_nobody_asked_for_is_one_pointer_of_the_outcome() {
    assert_eq!(size_of::<Timeline>(), size_of::<usize>());
}

// Looks at the clock.

#[derive(Default)]
struct CountingClock(AtomicU64);

impl Clock for CountingClock {
    fn now(&self) -> Instant {
        self.0.fetch_add(1, Ordering::Relaxed);
        Instant::now()
    }
}

/// How often the clock is read by `run` and by `run_blocking`, which have to agree.
fn readings(policy: &Policy, result: &Result<u8, Failure>) -> u64 {
    let clock = CountingClock::default();
    let call = policy.call("test").clock(&clock);
    let _ = call.run_blocking(|| result.clone());
    let blocking = clock.0.swap(0, Ordering::Relaxed);
    let _ = poll_once(call.run(async || result.clone()));
    assert_eq!(clock.0.load(Ordering::Relaxed), blocking);
    blocking
}

#[test]
fn no_clock_is_read_unless_somebody_needs_the_time() {
    for result in [Ok(7), Err(TRANSIENT), Err(PERMANENT)] {
        assert_eq!(readings(&AT_ONCE, &result), 0, "{result:?}");
        assert_eq!(readings(&AT_ONCE.attempts(20), &result), 0, "{result:?}");
    }
}

#[test]
fn an_abort_needs_no_clock() {
    let clock = CountingClock::default();
    let signal = AbortSignal::new();
    let call = AT_ONCE.call("test").clock(&clock).abort(&signal);
    let _ = call.run_blocking(|| Err::<(), _>(TRANSIENT));
    signal.abort();
    let _ = call.run_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(clock.0.load(Ordering::Relaxed), 0);
}

/// How often the clock is read by so many successes at the first attempt, blocking and async by turns.
fn readings_of(calls: u64, breaker: &CircuitBreaker, budget: Option<&Budget>) -> u64 {
    let bulkhead = Bulkhead::new("pool", 10).wait(secs(1));
    let clock = CountingClock::default();
    let call = AT_ONCE
        .call("test")
        .clock(&clock)
        .breaker(breaker)
        .bulkhead(&bulkhead);
    let call = match budget {
        Some(budget) => call.budget(budget),
        None => call,
    };
    for turn in 0..calls {
        let result = if turn % 2 == 0 {
            call.run_blocking(|| Ok::<_, Failure>(7))
        } else {
            poll_once(call.run(async || Ok::<_, Failure>(7)))
        };
        assert_eq!(result, Ok(7));
    }
    clock.0.load(Ordering::Relaxed)
}

#[test]
fn counting_failures_and_places_needs_no_clock_as_long_as_nothing_fails() {
    let breaker = CircuitBreaker::new("payments")
        .failures(5, secs(60))
        .consecutive(3)
        .class_failures(ErrorClass::RateLimit, 5, secs(60));
    assert_eq!(readings_of(100, &breaker, None), 0);
    let [ratio, window, bucket] = budgets();
    assert_eq!(readings_of(100, &breaker, Some(&window)), 0);
    assert_eq!(readings_of(100, &breaker, Some(&bucket)), 0);
    // Thirty-two first attempts are dated with one reading.
    assert_eq!(readings_of(31, &breaker, Some(&ratio)), 0);
    assert_eq!(readings_of(1, &breaker, Some(&ratio)), 1);
    assert_eq!(readings_of(320, &breaker, Some(&ratio)), 10);
}

#[test]
fn a_share_needs_the_clock_once_in_thirty_two_of_many_calls_and_the_share_of_slow_ones_twice_a_call()
 {
    let rate = CircuitBreaker::new("payments").failure_rate(0.5, 20, secs(60));
    assert_eq!(readings_of(64, &rate, None), 64);
    assert!(readings_of(1_000, &rate, None) < 150);
    assert_eq!(readings_of(320, &rate, None), 10);
    let slow = CircuitBreaker::new("payments").slow_rate(secs(1), 0.5, 20, secs(60));
    assert_eq!(readings_of(100, &slow, None), 200);
}

#[test]
fn a_deadline_a_timeout_an_observer_and_an_outcome_need_the_clock() {
    let ok = Ok(7);
    assert_eq!(readings(&AT_ONCE.deadline(secs(10)), &ok), 1);
    assert_eq!(readings(&AT_ONCE.attempt_timeout(secs(10)), &ok), 1);
    assert!(readings(&AT_ONCE.deadline(secs(10)), &Err(TRANSIENT)) > 1);

    let clock = CountingClock::default();
    let ignore = |_: &Event<'_>| ();
    let call = AT_ONCE.call("test").clock(&clock).observe(&ignore);
    let _ = call.run_blocking(|| Ok::<_, Failure>(7));
    assert!(clock.0.swap(0, Ordering::Relaxed) >= 1);

    let call = AT_ONCE.call("test").clock(&clock);
    let _ = call.execute_blocking(|| Ok::<_, Failure>(7));
    assert_eq!(clock.0.swap(0, Ordering::Relaxed), 2);
}

// Bytes of future.

/// What a retried future may be larger than the bare one.
const ALLOWED: usize = 96;

mod bare {
    use super::{Owned, black_box, io};

    pub(super) async fn ready() -> io::Result<u8> {
        Ok(7)
    }

    pub(super) async fn one_await() -> io::Result<u8> {
        tokio::task::yield_now().await;
        Ok(7)
    }

    pub(super) async fn big_state() -> io::Result<u8> {
        let state = black_box([7; 1024]);
        tokio::task::yield_now().await;
        Ok(state[0])
    }

    pub(super) async fn arguments(number: u64, text: &str, owned: &Owned) -> io::Result<usize> {
        tokio::task::yield_now().await;
        Ok(text.len() + owned.0.len() + usize::from(number > 7))
    }

    pub(super) async fn several_awaits(text: &str) -> io::Result<usize> {
        let mut length = 0;
        for _ in 0..3 {
            tokio::time::sleep(super::secs(1)).await;
            length += arguments(7, text, &Owned(String::new())).await?;
        }
        Ok(length)
    }

    pub(super) async fn big_value() -> io::Result<[u8; 1024]> {
        tokio::task::yield_now().await;
        Ok(black_box([7; 1024]))
    }

    pub(super) async fn owned_arguments(first: String, second: Vec<u8>) -> io::Result<usize> {
        tokio::task::yield_now().await;
        Ok(first.len() + second.len())
    }

    pub(super) async fn fallback(text: &str) -> io::Result<usize> {
        match several_awaits(text).await {
            Err(_) => several_awaits(text).await,
            length => length,
        }
    }
}

mod retried {
    use super::{Attempt, Owned, black_box, io, retry};

    #[retry(fallback = async |_| super::bare::several_awaits(text).await)]
    pub(super) async fn fallback(text: &str) -> io::Result<usize> {
        super::bare::several_awaits(text).await
    }

    #[retry]
    pub(super) async fn aware(#[attempt] attempt: Attempt) -> io::Result<u8> {
        let number = attempt.number();
        tokio::task::yield_now().await;
        Ok(if number == 1 { 7 } else { 0 })
    }

    #[retry(returns = outcome)]
    pub(super) async fn outcome() -> io::Result<u8> {
        tokio::task::yield_now().await;
        Ok(7)
    }

    #[retry]
    pub(super) async fn ready() -> io::Result<u8> {
        Ok(7)
    }

    #[retry]
    pub(super) async fn one_await() -> io::Result<u8> {
        tokio::task::yield_now().await;
        Ok(7)
    }

    #[retry]
    pub(super) async fn big_state() -> io::Result<u8> {
        let state = black_box([7; 1024]);
        tokio::task::yield_now().await;
        Ok(state[0])
    }

    #[retry]
    pub(super) async fn arguments(number: u64, text: &str, owned: &Owned) -> io::Result<usize> {
        tokio::task::yield_now().await;
        Ok(text.len() + owned.0.len() + usize::from(number > 7))
    }

    #[retry]
    pub(super) async fn several_awaits(text: &str) -> io::Result<usize> {
        let mut length = 0;
        for _ in 0..3 {
            tokio::time::sleep(super::secs(1)).await;
            length += super::bare::arguments(7, text, &Owned(String::new())).await?;
        }
        Ok(length)
    }

    #[retry]
    pub(super) async fn big_value() -> io::Result<[u8; 1024]> {
        tokio::task::yield_now().await;
        Ok(black_box([7; 1024]))
    }

    #[retry]
    pub(super) async fn owned_arguments(first: String, second: Vec<u8>) -> io::Result<usize> {
        tokio::task::yield_now().await;
        Ok(first.len() + second.len())
    }

    #[retry(attempts = 5, deadline = "10s", attempt_timeout = "1s")]
    pub(super) async fn with_times() -> io::Result<u8> {
        tokio::task::yield_now().await;
        Ok(7)
    }

    #[retry(abort = super::SIGNAL, observe = super::IGNORE, retry_until = |value| *value > 0)]
    pub(super) async fn with_behaviours() -> io::Result<u8> {
        tokio::task::yield_now().await;
        Ok(7)
    }
}

static SIGNAL: AbortSignal = AbortSignal::new();
static IGNORE: fn(&Event<'_>) = |_| ();

struct Owned(String);

fn assert_small(shape: &str, retried: usize, bare: usize) {
    println!(
        "{shape}: {bare} bytes bare, {retried} retried, {} more",
        retried - bare
    );
    assert!(
        retried <= bare + ALLOWED,
        "{shape}: {bare} bytes bare, {retried} retried"
    );
}

#[test]
fn a_retried_functions_future_is_a_few_bytes_larger() {
    let owned = Owned(String::new());
    let sizes = [
        (
            "ready",
            size_of_val(&retried::ready()),
            size_of_val(&bare::ready()),
        ),
        (
            "one await",
            size_of_val(&retried::one_await()),
            size_of_val(&bare::one_await()),
        ),
        (
            "1 KiB of state",
            size_of_val(&retried::big_state()),
            size_of_val(&bare::big_state()),
        ),
        (
            "arguments",
            size_of_val(&retried::arguments(7, "ada", &owned)),
            size_of_val(&bare::arguments(7, "ada", &owned)),
        ),
        (
            "several awaits",
            size_of_val(&retried::several_awaits("ada")),
            size_of_val(&bare::several_awaits("ada")),
        ),
        (
            "owned arguments",
            size_of_val(&retried::owned_arguments(String::new(), Vec::new())),
            size_of_val(&bare::owned_arguments(String::new(), Vec::new())),
        ),
        (
            "1 KiB of value",
            size_of_val(&retried::big_value()),
            size_of_val(&bare::big_value()),
        ),
        (
            "a fallback",
            size_of_val(&retried::fallback("ada")),
            size_of_val(&bare::fallback("ada")),
        ),
        (
            "a known attempt",
            size_of_val(&retried::aware()),
            size_of_val(&bare::one_await()),
        ),
        (
            "an outcome",
            size_of_val(&retried::outcome()),
            size_of_val(&bare::one_await()),
        ),
        (
            "deadline and attempt timeout",
            size_of_val(&retried::with_times()),
            size_of_val(&bare::one_await()),
        ),
        (
            "abort, observer and value rule",
            size_of_val(&retried::with_behaviours()),
            size_of_val(&bare::one_await()),
        ),
    ];
    for (shape, retried, bare) in sizes {
        assert_small(shape, retried, bare);
    }
}

/// The body borrows each argument that it uses, and a reference has to be somewhere.
#[test]
fn every_argument_makes_a_retried_functions_future_at_most_one_pointer_larger() {
    async fn bare_four(one: u64, two: u64, three: u64, four: u64) -> io::Result<u64> {
        tokio::task::yield_now().await;
        Ok(one + two + three + four)
    }
    #[retry]
    async fn retried_four(one: u64, two: u64, three: u64, four: u64) -> io::Result<u64> {
        tokio::task::yield_now().await;
        Ok(one + two + three + four)
    }
    async fn bare_seven(
        (one, two, three): (u64, u64, u64),
        four: u64,
        five: u64,
        six: u64,
        seven: u64,
    ) -> io::Result<u64> {
        tokio::task::yield_now().await;
        Ok(one + two + three + four + five + six + seven)
    }
    #[retry]
    async fn retried_seven(
        (one, two, three): (u64, u64, u64),
        four: u64,
        five: u64,
        six: u64,
        seven: u64,
    ) -> io::Result<u64> {
        tokio::task::yield_now().await;
        Ok(one + two + three + four + five + six + seven)
    }
    let bare = size_of_val(&bare_four(1, 2, 3, 4));
    let retried = size_of_val(&retried_four(1, 2, 3, 4));
    println!("four arguments: {bare} bytes bare, {retried} retried");
    assert!(retried <= bare + 48 + 4 * size_of::<usize>());
    let bare = size_of_val(&bare_seven((1, 2, 3), 4, 5, 6, 7));
    let retried = size_of_val(&retried_seven((1, 2, 3), 4, 5, 6, 7));
    println!("seven arguments: {bare} bytes bare, {retried} retried");
    assert!(retried <= bare + 48 + 7 * size_of::<usize>());
}

#[test]
fn a_calls_future_is_a_few_bytes_larger() {
    let policy = Policy::new().deadline(secs(10)).attempt_timeout(secs(1));
    let call = policy.call("test");
    let owned = Owned(String::new());
    let sizes = [
        (
            "ready",
            size_of_val(&call.run(bare::ready)),
            size_of_val(&bare::ready()),
        ),
        (
            "one await",
            size_of_val(&call.run(bare::one_await)),
            size_of_val(&bare::one_await()),
        ),
        (
            "1 KiB of state",
            size_of_val(&call.run(bare::big_state)),
            size_of_val(&bare::big_state()),
        ),
        (
            "arguments",
            size_of_val(&call.run(|| bare::arguments(7, "ada", &owned))),
            size_of_val(&bare::arguments(7, "ada", &owned)),
        ),
        (
            "several awaits",
            size_of_val(&call.run(|| bare::several_awaits("ada"))),
            size_of_val(&bare::several_awaits("ada")),
        ),
        (
            "1 KiB of value",
            size_of_val(&call.run(bare::big_value)),
            size_of_val(&bare::big_value()),
        ),
        (
            "execute",
            size_of_val(&call.execute(bare::one_await)),
            size_of_val(&bare::one_await()),
        ),
        (
            "execute with 1 KiB of state",
            size_of_val(&call.execute(bare::big_state)),
            size_of_val(&bare::big_state()),
        ),
    ];
    for (shape, retried, bare) in sizes {
        assert_small(shape, retried, bare);
    }
}

#[test]
fn every_behaviour_together_makes_a_calls_future_no_larger() {
    let signal = AbortSignal::new();
    let ignore = |_: &Event<'_>| ();
    let policy = Policy::new();
    let call = policy
        .call("test")
        .abort(&signal)
        .observe(&ignore)
        .observe(&ignore)
        .retry_if(|_: &io::Error| true)
        .retry_until(|value: &u8| *value > 0)
        .on_stop(|stopped: Stopped| io::Error::other(stopped))
        .timeline(10)
        .seed(7);
    assert_eq!(
        size_of_val(&call.run(bare::one_await)),
        size_of_val(&policy.call("test").run(bare::one_await))
    );
}

/// What a call with guards keeps besides, in words: the three guards, what it holds of them, the circuit's permit without the circuit (two), the
/// budget's token without the budget, and the place in the bulkhead's queue, boxed.
#[cfg(target_pointer_width = "64")]
const GUARDS: usize = 64;

#[cfg(target_pointer_width = "64")]
#[test]
fn guards_make_a_calls_future_larger_by_what_it_holds_of_them() {
    let policy = Policy::new();
    let (breaker, budget) = (CircuitBreaker::new("payments"), Budget::new("payments"));
    let bulkhead = Bulkhead::new("pool", 10);
    let bare = policy.call("test");
    let one = policy.call("test").breaker(&breaker);
    let three = one.clone().budget(&budget).bulkhead(&bulkhead);
    let without = size_of_val(&bare.run(bare::one_await));
    for with in [
        size_of_val(&one.run(bare::one_await)),
        size_of_val(&three.run(bare::one_await)),
    ] {
        println!("{without} bytes without guards, {with} with");
        assert_eq!(with - without, GUARDS);
    }
    let (without, with) = (
        size_of_val(&bare.execute(bare::one_await)),
        size_of_val(&three.execute(bare::one_await)),
    );
    assert_eq!(with - without, GUARDS);
}
