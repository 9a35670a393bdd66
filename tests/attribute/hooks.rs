//! `on_retry` and `on_giving_up`: what is done at each retry, and once when the call ends without success.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use retry_core::{
    AbortSignal, Budget, Bulkhead, CircuitBreaker, Classification, Classify, ErrorClass, Event,
    EventKind, Policy, StopReason, Stopped, retry, retry_methods,
};

use crate::fault::{Fault, Runs};

/// What has been noted, in order.
struct Notes<T = &'static str>(Mutex<Vec<T>>);

impl<T> Notes<T> {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn add(&self, note: T) {
        self.0.lock().expect("no panic").push(note);
    }

    fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().expect("no panic"))
    }
}

#[test]
fn a_sync_function_tells_what_it_is_doing() {
    #[retry(backoff = none, on_retry = |event| notes.add(event.to_string()), on_giving_up = |event| notes.add(event.to_string()))]
    fn run(runs: &Runs, good: u32, notes: &Notes<String>) -> Result<u32, Fault> {
        runs.flaky_until(good)
    }
    let notes = Notes::new();
    assert_eq!(run(&Runs::new(), 1, &notes), Ok(1));
    assert_eq!(notes.take(), [""; 0]);
    let retries = [
        "run retry attempt=1 class=transient cause=error delay=0ns error=\"flaky\"",
        "run retry attempt=2 class=transient cause=error delay=0ns error=\"flaky\"",
    ];
    assert_eq!(run(&Runs::new(), 3, &notes), Ok(3));
    assert_eq!(notes.take(), retries);
    assert_eq!(run(&Runs::new(), 9, &notes), Err(Fault::Flaky));
    let [first, second] = retries;
    let end = "run max_attempts_exceeded attempt=3 class=transient cause=error stop_reason=max_attempts_global error=\"flaky\"";
    assert_eq!(notes.take(), [first, second, end]);
}

#[tokio::test(start_paused = true)]
async fn an_async_function_tells_before_it_sleeps() {
    #[retry(
        backoff = fixed("1s"),
        on_retry = |event| seen.add((event.kind, start.elapsed())),
        on_giving_up = |event| seen.add((event.kind, start.elapsed()))
    )]
    async fn run(
        runs: &Runs,
        start: tokio::time::Instant,
        seen: &Notes<(EventKind, Duration)>,
    ) -> Result<u32, Fault> {
        tokio::task::yield_now().await;
        runs.flaky_until(9)
    }
    let seen = Notes::new();
    let result = run(&Runs::new(), tokio::time::Instant::now(), &seen).await;
    assert_eq!(result, Err(Fault::Flaky));
    assert_eq!(
        seen.take(),
        [
            (EventKind::Retry, Duration::ZERO),
            (EventKind::Retry, Duration::from_secs(1)),
            (EventKind::MaxAttemptsExceeded, Duration::from_secs(2)),
        ]
    );
}

static RETRIES: AtomicU32 = AtomicU32::new(0);

fn count(event: &Event<'_>) {
    RETRIES.fetch_add(event.attempt, Ordering::Relaxed);
}

#[tokio::test]
async fn a_hook_may_be_a_path_and_leaves_the_future_send() {
    mod ends {
        use super::{AtomicU32, Event, Ordering};
        pub(super) static COUNT: AtomicU32 = AtomicU32::new(0);
        pub(super) fn count(_: &Event<'_>) {
            COUNT.fetch_add(1, Ordering::Relaxed);
        }
    }
    #[retry(backoff = none, on_retry = count, on_giving_up = ends::count)]
    async fn run(runs: Arc<Runs>, name: String) -> Result<String, Fault> {
        tokio::task::yield_now().await;
        runs.flaky_until(9)?;
        Ok(name.clone())
    }
    let spawned = tokio::spawn(run(Arc::default(), String::new()));
    assert_eq!(spawned.await.expect("no panic"), Err(Fault::Flaky));
    assert_eq!(RETRIES.load(Ordering::Relaxed), 3);
    assert_eq!(ends::COUNT.load(Ordering::Relaxed), 1);
}

#[test]
fn a_sync_function_may_write_to_what_threads_cannot_share() {
    #[retry(
        backoff = none,
        on_retry = |event: &Event<'_>| attempts.set(attempts.get() + event.attempt),
        on_giving_up = |_| ended.set(true)
    )]
    fn run(attempts: &Cell<u32>, ended: Rc<Cell<bool>>) -> Result<(), Fault> {
        assert!(!ended.get());
        Err(Fault::Flaky)
    }
    let (attempts, ended) = (Cell::new(0), Rc::new(Cell::new(false)));
    assert_eq!(run(&attempts, Rc::clone(&ended)), Err(Fault::Flaky));
    assert_eq!((attempts.get(), ended.get()), (3, true));
}

/// An error of any class, which knows how a call was stopped.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    Of(ErrorClass),
    Stopped(StopReason),
}

impl Classify for Failure {
    fn classify(&self) -> Classification {
        match self {
            Self::Of(class) => (*class).into(),
            Self::Stopped(_) => ErrorClass::Permanent.into(),
        }
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped.reason())
    }
}

/// What `on_giving_up` is told by a sync and by an async function that have these keys and fail with this class.
macro_rules! given_up {
    ($class:ident, $($keys:tt)*) => {{
        #[retry($($keys)*, on_giving_up = |event| told.add((event.kind, event.stop_reason)))]
        fn blocking(told: &Notes<(EventKind, Option<StopReason>)>) -> Result<u8, Failure> {
            Err(Failure::Of(ErrorClass::$class))
        }
        #[retry($($keys)*, on_giving_up = |event| told.add((event.kind, event.stop_reason)))]
        async fn asynchronous(told: &Notes<(EventKind, Option<StopReason>)>) -> Result<u8, Failure> {
            tokio::task::yield_now().await;
            Err(Failure::Of(ErrorClass::$class))
        }
        let told = Notes::new();
        assert!(blocking(&told).is_err());
        assert!(asynchronous(&told).await.is_err());
        told.take()
    }};
}

#[tokio::test(start_paused = true)]
async fn every_reason_to_stop_is_told_once() {
    const PLANLESS: Policy = Policy::new().no_backoff();
    static OPEN: CircuitBreaker = CircuitBreaker::new("hooks");
    static EMPTY: Budget = Budget::new("hooks").token_bucket(1);
    static FULL: Bulkhead = Bulkhead::new("hooks", 1);
    static SHUTDOWN: AbortSignal = AbortSignal::new();
    OPEN.force_open();
    EMPTY.withdraw(ErrorClass::Transient).expect("one").spend();
    let _inside = FULL.try_acquire().expect("room");
    SHUTDOWN.abort();
    let table = [
        (
            given_up!(Transient, backoff = none),
            EventKind::MaxAttemptsExceeded,
            StopReason::MaxAttemptsGlobal,
        ),
        (
            given_up!(RateLimit, backoff = none, rate_limit(attempts = 2)),
            EventKind::MaxAttemptsExceeded,
            StopReason::MaxAttemptsPerClass,
        ),
        (
            given_up!(
                RateLimit,
                backoff = none,
                rate_limit(backoff = fixed("1h")),
                deadline = "1m"
            ),
            EventKind::DeadlineExceeded,
            StopReason::DeadlineExceeded,
        ),
        (
            given_up!(Unknown, backoff = none),
            EventKind::MaxUnknownAttemptsExceeded,
            StopReason::MaxUnknownAttempts,
        ),
        (
            given_up!(Permanent, backoff = none),
            EventKind::PermanentFail,
            StopReason::NonRetryableClass,
        ),
        (
            given_up!(Transient, policy = PLANLESS),
            EventKind::NoStrategyConfigured,
            StopReason::NoStrategy,
        ),
        (
            given_up!(Transient, backoff = none, budget = EMPTY),
            EventKind::BudgetExhausted,
            StopReason::BudgetExhausted,
        ),
        (
            given_up!(Transient, backoff = none, abort = SHUTDOWN),
            EventKind::Aborted,
            StopReason::Aborted,
        ),
        (
            given_up!(Transient, backoff = none, breaker = OPEN),
            EventKind::CircuitRejected,
            StopReason::CircuitOpen,
        ),
        (
            given_up!(Transient, backoff = none, bulkhead = FULL),
            EventKind::BulkheadRejected,
            StopReason::BulkheadFull,
        ),
    ];
    for (told, kind, reason) in table {
        assert_eq!(told, [(kind, Some(reason)); 2], "{reason}");
    }
}

#[test]
fn hooks_come_after_the_observer() {
    #[retry(
        attempts = 2,
        backoff = none,
        on_giving_up = |_| told.add("on_giving_up"),
        on_retry = |_| told.add("on_retry"),
        observe = |event: &Event<'_>| told.add(event.kind.as_str())
    )]
    fn run(told: &Notes) -> Result<(), Fault> {
        Err(Fault::Flaky)
    }
    let told = Notes::new();
    assert_eq!(run(&told), Err(Fault::Flaky));
    assert_eq!(
        told.take(),
        [
            "attempt_started",
            "attempt_ended",
            "retry",
            "on_retry",
            "attempt_started",
            "attempt_ended",
            "max_attempts_exceeded",
            "on_giving_up",
        ]
    );
}

#[tokio::test]
async fn a_hook_that_panics_changes_nothing() {
    #[retry(backoff = none, on_retry = |_| panic!("a hook panics"), on_giving_up = |_| panic!("a hook panics"))]
    fn blocking(runs: &Runs, good: u32) -> Result<u32, Fault> {
        runs.flaky_until(good)
    }
    #[retry(backoff = none, on_retry = |_| panic!("a hook panics"), on_giving_up = |_| panic!("a hook panics"))]
    async fn asynchronous(runs: &Runs, good: u32) -> Result<u32, Fault> {
        tokio::task::yield_now().await;
        runs.flaky_until(good)
    }
    for (good, result) in [(3, Ok(3)), (4, Err(Fault::Flaky))] {
        assert_eq!(blocking(&Runs::new(), good), result);
        assert_eq!(asynchronous(&Runs::new(), good).await, result);
    }
}

#[tokio::test(start_paused = true)]
async fn neither_a_dropped_future_nor_a_panic_gives_up() {
    #[retry(backoff = fixed("1h"), on_giving_up = |_| { ends.fetch_add(1, Ordering::Relaxed); })]
    async fn waits(ends: &AtomicU32) -> Result<(), Fault> {
        tokio::task::yield_now().await;
        Err(Fault::Flaky)
    }
    #[retry(on_giving_up = |_| { ends.fetch_add(1, Ordering::Relaxed); })]
    fn panics(ends: &AtomicU32) -> Result<(), Fault> {
        assert!(ends.load(Ordering::Relaxed) > 0, "the body panics");
        Ok(())
    }
    let ends = AtomicU32::new(0);
    let cut = tokio::time::timeout(Duration::from_secs(1), waits(&ends)).await;
    assert!(cut.is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| panics(&ends))).is_err());
    assert_eq!(ends.into_inner(), 0);
}

#[tokio::test]
async fn the_end_is_told_before_the_fallback_answers() {
    #[retry(
        backoff = none,
        on_giving_up = |event| told.add(event.kind.as_str()),
        fallback = |_| { told.add("fallback"); Ok(7) }
    )]
    fn blocking(told: &Notes) -> Result<u32, Fault> {
        told.add("body");
        Err(Fault::Fatal)
    }
    #[retry(
        backoff = none,
        on_giving_up = |event| told.add(event.kind.as_str()),
        fallback = async |_| { told.add("fallback"); Ok(7) }
    )]
    async fn asynchronous(told: &Notes) -> Result<u32, Fault> {
        told.add("body");
        Err(Fault::Fatal)
    }
    let told = Notes::new();
    assert_eq!(blocking(&told), Ok(7));
    assert_eq!(told.take(), ["body", "permanent_fail", "fallback"]);
    assert_eq!(asynchronous(&told).await, Ok(7));
    assert_eq!(told.take(), ["body", "permanent_fail", "fallback"]);
}

#[test]
fn an_outcome_is_told_of_too() {
    #[retry(attempts = 2, backoff = none, returns = outcome, on_giving_up = |event| last.set(event.elapsed))]
    fn run(last: &Cell<Duration>) -> Result<(), Fault> {
        Err(Fault::Flaky)
    }
    let clock = retry_core::testing::ManualClock::new();
    let _installed = clock.install();
    clock.advance(Duration::from_secs(5));
    let last = Cell::new(Duration::MAX);
    let outcome = run(&last);
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    assert_eq!(last.get(), outcome.elapsed());
}

struct Client {
    name: &'static str,
    told: Notes<String>,
    runs: u32,
}

impl Client {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            told: Notes::new(),
            runs: 0,
        }
    }

    fn note(&self, event: &Event<'_>) {
        let line = format!("{} {} {}", self.name, event.operation, event.kind);
        self.told.add(line);
    }
}

impl Client {
    #[retry(attempts = 2, backoff = none, on_retry = |event| self.note(event), on_giving_up = |event| self.note(event))]
    fn shared(&self) -> Result<(), Fault> {
        Err(Fault::Flaky)
    }

    // In a sync function the hook borrows what it uses while the body changes the rest.
    #[retry(attempts = 2, backoff = none, on_retry = |event| self.told.add(event.to_string()))]
    fn exclusive(&mut self) -> Result<(), Fault> {
        self.runs += 1;
        Err(Fault::Flaky)
    }

    // In an async one it borrows between the attempts.
    #[retry(attempts = 2, backoff = none, on_giving_up = |event| { self.note(event); self.told.add(event.to_string()) })]
    async fn exclusive_async(&mut self, by: u32) -> Result<(), Fault> {
        self.runs += by;
        tokio::task::yield_now().await;
        Err(Fault::Flaky)
    }
}

#[tokio::test]
async fn a_hook_of_a_method_sees_self() {
    let mut client = Client::new("ada");
    assert_eq!(client.shared(), Err(Fault::Flaky));
    assert_eq!(
        client.told.take(),
        ["ada shared retry", "ada shared max_attempts_exceeded"]
    );
    assert_eq!(client.exclusive(), Err(Fault::Flaky));
    assert_eq!((client.runs, client.told.take().len()), (2, 1));
    assert_eq!(client.exclusive_async(5).await, Err(Fault::Flaky));
    assert_eq!((client.runs, client.told.take().len()), (12, 2));
}

#[retry_methods(backoff = none, on_retry = |event| self.note(event), on_giving_up = |event| self.note(event))]
impl Client {
    fn of_the_block(&self) -> Result<(), Fault> {
        Err(Fault::Flaky)
    }

    #[retry(attempts = 2, on_retry = |_| self.told.add("its own".to_owned()))]
    fn with_its_own(&self) -> Result<(), Fault> {
        Err(Fault::Flaky)
    }

    // The default has no effect here, and is left out.
    #[retry(attempts = 1)]
    fn once(&self) -> Result<(), Fault> {
        Err(Fault::Flaky)
    }

    async fn of_the_block_async(&self) -> Result<(), Fault> {
        tokio::task::yield_now().await;
        Err(Fault::Fatal)
    }
}

#[tokio::test]
async fn a_block_has_hooks_for_all_its_methods() {
    let client = Client::new("ada");
    assert_eq!(client.of_the_block(), Err(Fault::Flaky));
    assert_eq!(
        client.told.take(),
        [
            "ada Client::of_the_block retry",
            "ada Client::of_the_block retry",
            "ada Client::of_the_block max_attempts_exceeded",
        ]
    );
    assert_eq!(client.with_its_own(), Err(Fault::Flaky));
    assert_eq!(
        client.told.take(),
        ["its own", "ada Client::with_its_own max_attempts_exceeded"]
    );
    assert_eq!(client.once(), Err(Fault::Flaky));
    assert_eq!(
        client.told.take(),
        ["ada Client::once max_attempts_exceeded"]
    );
    assert_eq!(client.of_the_block_async().await, Err(Fault::Fatal));
    assert_eq!(
        client.told.take(),
        ["ada Client::of_the_block_async permanent_fail"]
    );
}

#[async_trait]
trait Source {
    async fn ask(&self, id: u32) -> Result<u32, Fault>;
}

struct Store(Notes<String>);

#[async_trait]
impl Source for Store {
    #[retry(attempts = 2, backoff = none, on_retry = |event| self.0.add(format!("{id}: {}", event.kind)))]
    async fn ask(&self, id: u32) -> Result<u32, Fault> {
        tokio::task::yield_now().await;
        Err(Fault::Flaky)
    }
}

#[tokio::test]
async fn a_hook_sees_self_and_the_arguments_under_async_trait() {
    let store = Store(Notes::new());
    assert_eq!(store.ask(5).await, Err(Fault::Flaky));
    assert_eq!(store.0.take(), ["5: retry"]);
}

#[test]
fn names_of_arguments_do_not_get_in_the_way() {
    #[retry(attempts = 2, backoff = none, on_retry = |on_retry| { on_giving_up.set(on_retry.attempt + event); })]
    fn run(event: u32, on_giving_up: &Cell<u32>) -> Result<(), Fault> {
        Err(Fault::Flaky)
    }
    let seen = Cell::new(0);
    assert_eq!(run(40, &seen), Err(Fault::Flaky));
    assert_eq!(seen.get(), 41);
}

#[test]
fn hooks_may_come_from_a_macro() {
    macro_rules! counting {
        ($name:ident, $counter:ident, $hook:expr) => {
            #[retry(backoff = none, on_retry = $hook, on_giving_up = |_| $counter.set($counter.get() + 100))]
            fn $name($counter: &Cell<u32>) -> Result<(), Fault> {
                Err(Fault::Flaky)
            }
        };
    }
    counting!(run, counter, |event| counter
        .set(counter.get() + event.attempt));
    let counter = Cell::new(0);
    assert_eq!(run(&counter), Err(Fault::Flaky));
    assert_eq!(counter.get(), 103);
}
