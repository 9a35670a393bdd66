//! `breaker`, `budget` and `bulkhead`: what may stand behind them, and what the function's caller notices.

use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use retry_core::testing::ManualClock;
use retry_core::{
    Attempt, Budget, Bulkhead, CircuitBreaker, CircuitState, Classification, Classify, ErrorClass,
    Outcome, StopReason, Stopped, registry, retry, retry_methods,
};

use crate::fault::{Fault, Runs};

/// An error that can say why its call stopped.
#[derive(Debug, thiserror::Error)]
enum Carrying {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Classify for Carrying {
    fn classify(&self) -> Classification {
        match self {
            Self::Fault(fault) => fault.classify(),
            Self::Stopped(stopped) => stopped.classify(),
        }
    }
}

/// Why the call stopped, if it could only say that.
fn stop<T>(end: Result<T, Carrying>) -> Option<StopReason> {
    match end {
        Err(Carrying::Stopped(stopped)) => Some(stopped.reason()),
        _ => None,
    }
}

const HOUR: Duration = Duration::from_secs(3600);

/// Opens with the last attempt of a call that fails three times.
const fn circuit(name: &'static str) -> CircuitBreaker {
    CircuitBreaker::new(name).consecutive(3)
}

/// Allows one retry.
const fn one_retry(name: &'static str) -> Budget {
    Budget::new(name).per_window(1, HOUR)
}

mod shop {
    use super::{Budget, Bulkhead, CircuitBreaker, circuit, one_retry};

    pub(super) static CIRCUIT: CircuitBreaker = circuit("by path");
    pub(super) static BUDGET: Budget = one_retry("by path");
    pub(super) static PLACE: Bulkhead = Bulkhead::new("by path", 1);
}

static CIRCUIT: CircuitBreaker = circuit("static");
static BORROWED_CIRCUIT: CircuitBreaker = circuit("borrowed");
static REFERENCE_TO_CIRCUIT: &CircuitBreaker = &REFERRED_CIRCUIT;
static REFERRED_CIRCUIT: CircuitBreaker = circuit("referred to");
static LAZY_CIRCUIT: LazyLock<CircuitBreaker> = LazyLock::new(|| circuit("lazy"));
static SHARED_CIRCUIT: LazyLock<Arc<CircuitBreaker>> =
    LazyLock::new(|| Arc::new(circuit("lazy and shared")));
static DEREFERENCED_CIRCUIT: LazyLock<CircuitBreaker> = LazyLock::new(|| circuit("dereferenced"));

static BUDGET: Budget = one_retry("static");
static BORROWED_BUDGET: Budget = one_retry("borrowed");
static LAZY_BUDGET: LazyLock<Budget> = LazyLock::new(|| one_retry("lazy"));

static PLACE: Bulkhead = Bulkhead::new("static", 1);
static BORROWED_PLACE: Bulkhead = Bulkhead::new("borrowed", 1);
static LAZY_PLACE: LazyLock<Bulkhead> = LazyLock::new(|| Bulkhead::new("lazy", 1));

/// How often a function with these keys runs in its first call and in its second, and why that one stopped. It always fails.
macro_rules! two_calls {
    ($($keys:tt)*) => {{
        #[retry(attempts = 3, backoff = none, $($keys)*)]
        fn run(runs: &Runs) -> Result<u32, Carrying> {
            Ok(runs.flaky_until(u32::MAX)?)
        }
        let runs = Runs::new();
        assert!(stop(run(&runs)).is_none());
        let first = runs.count();
        let second = stop(run(&runs));
        (first, runs.count() - first, second)
    }};
}

#[test]
fn a_breaker_is_a_static_in_any_form() {
    let open = (3, 0, Some(StopReason::CircuitOpen));
    assert_eq!(two_calls!(breaker = CIRCUIT), open);
    assert_eq!(two_calls!(breaker = &BORROWED_CIRCUIT), open);
    assert_eq!(two_calls!(breaker = REFERENCE_TO_CIRCUIT), open);
    assert_eq!(two_calls!(breaker = shop::CIRCUIT), open);
    assert_eq!(two_calls!(breaker = LAZY_CIRCUIT), open);
    assert_eq!(two_calls!(breaker = SHARED_CIRCUIT), open);
    assert_eq!(two_calls!(breaker = *DEREFERENCED_CIRCUIT), open);
}

#[test]
fn a_budget_is_a_static_in_any_form() {
    // The error is the last failure's, so that no stop is seen.
    let used_up = (2, 1, None);
    assert_eq!(two_calls!(budget = BUDGET), used_up);
    assert_eq!(two_calls!(budget = &BORROWED_BUDGET), used_up);
    assert_eq!(two_calls!(budget = shop::BUDGET), used_up);
    assert_eq!(two_calls!(budget = LAZY_BUDGET), used_up);
}

#[test]
fn a_bulkhead_is_a_static_in_any_form() {
    macro_rules! full {
        ($place:expr, $($keys:tt)*) => {{
            #[retry($($keys)*)]
            fn run(runs: &Runs) -> Result<u32, Carrying> {
                assert_eq!($place.in_use(), 1);
                Ok(runs.flaky_until(1)?)
            }
            let runs = Runs::new();
            assert!(run(&runs).is_ok());
            let place = $place.try_acquire().expect("it is given back");
            let end = stop(run(&runs));
            drop(place);
            (runs.count(), end)
        }};
    }
    let full = (1, Some(StopReason::BulkheadFull));
    assert_eq!(full!(PLACE, bulkhead = PLACE), full);
    assert_eq!(full!(BORROWED_PLACE, bulkhead = &BORROWED_PLACE), full);
    assert_eq!(full!(shop::PLACE, bulkhead = shop::PLACE), full);
    assert_eq!(full!(LAZY_PLACE, bulkhead = LAZY_PLACE), full);
}

/// A client with guards of its own.
struct Client {
    breaker: CircuitBreaker,
    shared: Arc<CircuitBreaker>,
    budget: Arc<Budget>,
    bulkhead: Bulkhead,
    runs: Runs,
    log: Vec<&'static str>,
}

impl Client {
    fn new() -> Self {
        Self {
            breaker: circuit("of a client"),
            shared: Arc::new(circuit("shared by clients")),
            budget: Arc::new(one_retry("shared by clients")),
            bulkhead: Bulkhead::new("of a client", 1),
            runs: Runs::new(),
            log: Vec::new(),
        }
    }

    fn fail(&self) -> Result<u32, Carrying> {
        Ok(self.runs.flaky_until(u32::MAX)?)
    }

    #[retry(backoff = none, breaker = self.breaker)]
    fn owned(&self) -> Result<u32, Carrying> {
        self.fail()
    }

    #[retry(backoff = none, breaker = self.shared)]
    fn shared(&self) -> Result<u32, Carrying> {
        self.fail()
    }

    #[retry(backoff = none, breaker = &self.breaker, budget = self.budget)]
    async fn owned_async(&self) -> Result<u32, Carrying> {
        tokio::task::yield_now().await;
        self.fail()
    }

    #[retry(backoff = none, breaker = self.breaker, bulkhead = self.bulkhead)]
    fn exclusive(&mut self) -> Result<u32, Carrying> {
        self.log.push("attempt");
        Ok(self.runs.flaky_until(u32::MAX)?)
    }

    #[retry(backoff = none, breaker = self.shared, budget = self.budget, bulkhead = self.bulkhead)]
    async fn exclusive_async(&mut self) -> Result<u32, Carrying> {
        self.log.push("attempt");
        tokio::task::yield_now().await;
        Ok(self.runs.flaky_until(u32::MAX)?)
    }
}

#[tokio::test]
async fn a_guard_may_be_a_field() {
    let client = Client::new();
    assert_eq!(stop(client.owned()), None);
    assert_eq!(stop(client.owned()), Some(StopReason::CircuitOpen));
    assert_eq!(
        (client.runs.count(), client.breaker.state()),
        (3, CircuitState::Open)
    );

    let other = Client::new();
    let client = Client {
        shared: Arc::clone(&other.shared),
        budget: Arc::clone(&other.budget),
        ..Client::new()
    };
    assert_eq!(stop(client.shared()), None);
    assert_eq!(stop(other.shared()), Some(StopReason::CircuitOpen));
    assert_eq!(other.runs.count(), 0, "the circuit is the same one");

    assert_eq!(stop(client.owned_async().await), None);
    assert_eq!(client.runs.count(), 3 + 2, "one retry");
    assert_eq!(stop(other.owned_async().await), None);
    assert_eq!(other.runs.count(), 1, "the budget is the same one");
}

#[tokio::test]
async fn a_method_may_change_the_other_fields() {
    let mut client = Client::new();
    assert_eq!(stop(client.exclusive()), None);
    assert_eq!(stop(client.exclusive()), Some(StopReason::CircuitOpen));
    assert_eq!(client.log.len(), 3);
    assert_eq!(stop(client.exclusive_async().await), None);
    assert_eq!(client.log.len(), 3 + 2);
    assert_eq!(client.bulkhead.in_use(), 0);
}

#[tokio::test]
async fn a_method_under_async_trait_may_have_guards() {
    #[async_trait::async_trait]
    trait Api {
        async fn ask(&mut self) -> Result<u32, Carrying>;
    }
    #[async_trait::async_trait]
    impl Api for Client {
        #[retry(backoff = none, breaker = self.breaker, bulkhead = self.bulkhead)]
        async fn ask(&mut self) -> Result<u32, Carrying> {
            tokio::task::yield_now().await;
            self.log.push("attempt");
            Ok(self.runs.flaky_until(u32::MAX)?)
        }
    }
    let mut api: Box<dyn Api + Send> = Box::new(Client::new());
    assert_eq!(stop(api.ask().await), None);
    assert_eq!(stop(api.ask().await), Some(StopReason::CircuitOpen));
}

#[test]
fn a_block_has_a_guard_for_all_its_methods_and_a_method_its_own() {
    static OF_THE_BLOCK: CircuitBreaker = circuit("of a block");
    static OF_A_METHOD: CircuitBreaker = circuit("of a method");
    struct Api(Runs);
    #[retry_methods(backoff = none, breaker = OF_THE_BLOCK)]
    impl Api {
        fn read(&self) -> Result<u32, Carrying> {
            Ok(self.0.flaky_until(u32::MAX)?)
        }
        fn list(&self) -> Result<u32, Carrying> {
            Ok(self.0.flaky_until(u32::MAX)?)
        }
        #[retry(breaker = OF_A_METHOD)]
        fn write(&self) -> Result<u32, Carrying> {
            Ok(self.0.flaky_until(u32::MAX)?)
        }
    }
    let api = Api(Runs::new());
    assert_eq!(stop(api.read()), None);
    assert_eq!(stop(api.list()), Some(StopReason::CircuitOpen));
    assert_eq!(stop(api.write()), None);
    assert_eq!(stop(api.write()), Some(StopReason::CircuitOpen));
    assert_eq!(api.0.count(), 6);
}

#[test]
fn an_outcome_says_which_guard_stopped_the_call_and_until_when() {
    #[retry(backoff = none, returns = outcome, breaker = *breaker, budget = *budget, bulkhead = *place)]
    fn run(
        breaker: &CircuitBreaker,
        budget: &Budget,
        place: &Bulkhead,
        runs: &Runs,
    ) -> Result<u32, Fault> {
        runs.flaky_until(u32::MAX)
    }
    fn end(outcome: &Outcome<u32, Fault>) -> (u32, Option<StopReason>) {
        (outcome.attempts(), outcome.stop_reason())
    }
    let clock = ManualClock::new();
    let _installed = clock.install();
    let runs = Runs::new();
    let breaker = circuit("of an outcome").open_for(Duration::from_secs(10));
    let budget = one_retry("of an outcome");
    let place = Bulkhead::new("of an outcome", 1);

    let outcome = run(&breaker, &budget, &place, &runs);
    assert_eq!(end(&outcome), (2, Some(StopReason::BudgetExhausted)));
    assert_eq!(outcome.last_error(), Some(&Fault::Flaky));
    let outcome = run(&breaker, &budget, &place, &runs);
    // The circuit is asked before the budget, and it has just opened.
    assert_eq!(end(&outcome), (1, Some(StopReason::CircuitOpen)));
    assert_eq!(outcome.last_error(), Some(&Fault::Flaky));

    clock.advance(Duration::from_secs(4));
    let outcome = run(&breaker, &budget, &place, &runs);
    assert_eq!(end(&outcome), (0, Some(StopReason::CircuitOpen)));
    assert_eq!(outcome.next_delay(), Some(Duration::from_secs(6)));
    assert_eq!(outcome.last_error(), None);

    breaker.reset();
    let taken = place.try_acquire().expect("nobody is inside");
    let outcome = run(&breaker, &budget, &place, &runs);
    assert_eq!(end(&outcome), (0, Some(StopReason::BulkheadFull)));
    drop(taken);
}

#[test]
fn a_circuit_lets_a_probe_through_when_its_time_is_over() {
    #[retry(backoff = none, breaker = *breaker)]
    fn run(breaker: &CircuitBreaker, runs: &Runs) -> Result<u32, Carrying> {
        Ok(runs.flaky_until(4)?)
    }
    let clock = ManualClock::new();
    let _installed = clock.install();
    let breaker = circuit("with a probe").open_for(Duration::from_secs(10));
    let runs = Runs::new();
    assert_eq!(stop(run(&breaker, &runs)), None);
    clock.advance(Duration::from_secs(9));
    assert_eq!(stop(run(&breaker, &runs)), Some(StopReason::CircuitOpen));
    clock.advance(Duration::from_secs(1));
    assert!(matches!(run(&breaker, &runs), Ok(4)));
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn an_async_function_reads_the_clock_of_tokio() {
    #[retry(backoff = fixed("1s"), breaker = *breaker)]
    async fn run(breaker: &CircuitBreaker, runs: &Runs) -> Result<u32, Carrying> {
        Ok(runs.flaky_until(4)?)
    }
    let breaker = circuit("on tokio's time").open_for(Duration::from_secs(10));
    let runs = Runs::new();
    assert_eq!(stop(run(&breaker, &runs).await), None);
    assert_eq!(
        stop(run(&breaker, &runs).await),
        Some(StopReason::CircuitOpen)
    );
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(matches!(run(&breaker, &runs).await, Ok(4)));
}

#[tokio::test(start_paused = true)]
async fn an_async_function_queues_for_its_place_and_holds_none_while_it_sleeps() {
    static TURNS: Bulkhead = Bulkhead::new("turns", 1).wait(Duration::from_secs(5));
    #[retry(attempts = 2, backoff = fixed("10s"), bulkhead = TURNS)]
    async fn run(runs: Arc<Runs>, good: u32, takes: Duration) -> Result<u32, Carrying> {
        tokio::time::sleep(takes).await;
        Ok(runs.flaky_until(good)?)
    }
    let start = tokio::time::Instant::now();
    let second = Duration::from_secs(1);
    let slow = tokio::spawn(run(Arc::default(), 2, 3 * second));
    tokio::task::yield_now().await;
    let quick = tokio::spawn(run(Arc::default(), 1, second));
    assert!(quick.await.expect("it ran").is_ok());
    assert_eq!(start.elapsed(), 4 * second, "while the other one sleeps");
    assert!(slow.await.expect("it ran").is_ok());
    assert_eq!(start.elapsed(), 16 * second);

    let _taken = TURNS.try_acquire().expect("all are gone");
    let start = tokio::time::Instant::now();
    let end = run(Arc::default(), 1, second).await;
    assert_eq!(stop(end), Some(StopReason::BulkheadFull));
    assert_eq!(start.elapsed(), 5 * second);
}

#[tokio::test]
async fn a_fallback_answers_an_open_circuit() {
    static DOWN: CircuitBreaker = CircuitBreaker::new("down");
    #[retry(breaker = DOWN, fallback = |error| match error {
        Carrying::Stopped(stopped) => Ok(stopped.to_string()),
        other @ Carrying::Fault(_) => Err(other),
    })]
    fn run(runs: &Runs) -> Result<String, Carrying> {
        Ok(runs.flaky_until(1)?.to_string())
    }
    #[retry(breaker = DOWN, fallback = async |_| {
        tokio::task::yield_now().await;
        Ok(format!("cached {id}"))
    })]
    async fn later(id: u32, runs: &Runs) -> Result<String, Carrying> {
        Ok(runs.flaky_until(1)?.to_string())
    }
    DOWN.force_open();
    let runs = Runs::new();
    let said = run(&runs).expect("there is a fallback");
    assert!(said.ends_with("circuit_open (`down`)"), "{said}");
    assert_eq!(later(7, &runs).await.ok().as_deref(), Some("cached 7"));
    assert_eq!(runs.count(), 0);
}

#[test]
fn on_stop_makes_an_error_of_an_open_circuit_and_of_a_full_bulkhead() {
    #[retry(breaker = *breaker, bulkhead = *place, on_stop = |stopped| {
        assert_eq!(stopped.attempts(), 0);
        Fault::Fatal
    })]
    fn run(breaker: &CircuitBreaker, place: &Bulkhead) -> Result<u32, Fault> {
        Ok(place.in_use())
    }
    let breaker = circuit("with on_stop");
    let place = Bulkhead::new("with on_stop", 1);
    assert_eq!(run(&breaker, &place), Ok(1));
    breaker.force_open();
    assert_eq!(run(&breaker, &place), Err(Fault::Fatal));
    breaker.reset();
    let taken = place.try_acquire();
    assert_eq!(run(&breaker, &place), Err(Fault::Fatal));
    drop(taken);
}

#[test]
fn a_budget_asks_nothing_of_the_error() {
    static ASKS_NOTHING: Budget = one_retry("asks nothing");
    #[retry(attempts = 5, backoff = none, budget = ASKS_NOTHING)]
    fn run(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(u32::MAX)
    }
    let runs = Runs::new();
    assert_eq!(run(&runs), Err(Fault::Flaky));
    assert_eq!(runs.count(), 2);
}

#[test]
fn an_attempt_knows_its_number_behind_guards() {
    #[retry(backoff = none, breaker = *breaker)]
    fn run(
        breaker: &CircuitBreaker,
        runs: &Runs,
        #[attempt] attempt: Attempt,
    ) -> Result<u32, Carrying> {
        runs.flaky_until(3)?;
        assert_eq!(breaker.snapshot().consecutive, attempt.number() - 1);
        Ok(attempt.number())
    }
    assert!(matches!(
        run(&CircuitBreaker::new("of attempts"), &Runs::new()),
        Ok(3)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_future_with_guards_can_be_spawned() {
    static SENT_CIRCUIT: CircuitBreaker = CircuitBreaker::new("sent").consecutive(100);
    static SENT_BUDGET: Budget = Budget::new("sent");
    static SENT_PLACE: Bulkhead = Bulkhead::new("sent", 1).wait(Duration::from_secs(60));
    #[retry(backoff = none, breaker = SENT_CIRCUIT, budget = SENT_BUDGET, bulkhead = SENT_PLACE)]
    async fn run(runs: Arc<Runs>) -> Result<u32, Carrying> {
        tokio::task::yield_now().await;
        assert_eq!(SENT_PLACE.in_use(), 1);
        Ok(runs.flaky_until(3)?)
    }
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(run(Arc::default()))).collect();
    for task in tasks {
        assert!(matches!(task.await.expect("it ran"), Ok(3)));
    }
    assert_eq!(SENT_PLACE.statistics().acquired, 24);
    assert_eq!(SENT_PLACE.in_use(), 0);
}

#[test]
fn a_static_guard_is_found_by_its_name_after_the_first_call() {
    static KNOWN_CIRCUIT: CircuitBreaker = circuit("known");
    static KNOWN_BUDGET: LazyLock<Budget> = LazyLock::new(|| one_retry("known"));
    static KNOWN_PLACE: Bulkhead = Bulkhead::new("known", 3);
    #[retry(backoff = none, breaker = KNOWN_CIRCUIT, budget = KNOWN_BUDGET, bulkhead = &KNOWN_PLACE)]
    fn run(runs: &Runs) -> Result<u32, Carrying> {
        Ok(runs.flaky_until(1)?)
    }
    // Nor has anybody looked into it: the inventory makes statics known before the first call, but not what is lazy.
    let unknown = registry::find::<Budget>("known").expect_err("nobody has called");
    assert!(
        unknown
            .to_string()
            .starts_with("there is no budget `known`")
    );
    assert!(run(&Runs::new()).is_ok());
    let known = registry::find::<CircuitBreaker>("known").expect("it is known now");
    assert!(std::ptr::eq(&raw const *known, &raw const KNOWN_CIRCUIT));
    assert_eq!(
        registry::find::<Budget>("known")
            .expect("it is too")
            .remaining(),
        1
    );
    let place = registry::find::<Bulkhead>("known").expect("it is too");
    assert_eq!(place.statistics().acquired, 1);

    // Whoever is on call:
    known.force_open();
    assert_eq!(stop(run(&Runs::new())), Some(StopReason::CircuitOpen));
}

#[test]
fn a_static_guard_is_found_where_the_policy_depends_on_generics() {
    static OF_GENERIC: LazyLock<CircuitBreaker> = LazyLock::new(|| circuit("of a generic policy"));
    #[retry(attempts = N, backoff = none, breaker = OF_GENERIC)]
    fn run<const N: u32>(runs: &Runs) -> Result<u32, Carrying> {
        Ok(runs.flaky_until(1)?)
    }
    assert!(registry::find::<CircuitBreaker>("of a generic policy").is_err());
    assert!(run::<2>(&Runs::new()).is_ok());
    assert!(registry::find::<CircuitBreaker>("of a generic policy").is_ok());
}

#[test]
fn a_field_is_not_registered() {
    let client = Client::new();
    assert!(client.owned().is_err());
    assert!(registry::find::<CircuitBreaker>("of a client").is_err());
}

#[test]
fn a_method_of_a_generic_type_may_have_a_static() {
    static GENERIC: CircuitBreaker = circuit("generic");
    struct Holder<T, const N: usize>(T, Runs);
    impl<T: Clone, const N: usize> Holder<T, N> {
        #[retry(backoff = none, breaker = GENERIC)]
        fn get(&self) -> Result<[T; N], Carrying> {
            self.1.flaky_until(u32::MAX)?;
            Ok(std::array::from_fn(|_| self.0.clone()))
        }
    }
    assert_eq!(stop(Holder::<u8, 2>(0, Runs::new()).get()), None);
    let another = Holder::<String, 3>(String::new(), Runs::new());
    assert_eq!(stop(another.get()), Some(StopReason::CircuitOpen));
    assert!(registry::find::<CircuitBreaker>("generic").is_ok());
}

/// What a call above sees of an open circuit, in whatever it is wrapped.
mod wrapped {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the payment failed")]
    pub(super) struct PaymentFailed {
        #[source]
        pub(super) cause: Stopped,
    }

    /// Two levels up, and sure that it is worth another attempt.
    #[derive(Debug, thiserror::Error)]
    #[error("the order failed")]
    pub(super) struct OrderFailed {
        #[from]
        cause: PaymentFailed,
    }

    impl Classify for OrderFailed {
        fn classify(&self) -> Classification {
            ErrorClass::Transient.into()
        }
    }

    /// A call that stops for this reason before its first attempt.
    pub(super) fn stopped(reason: StopReason) -> Stopped {
        let breaker = CircuitBreaker::new("below");
        let place = Bulkhead::new("below", 1);
        #[retry(breaker = *breaker, bulkhead = *place, on_stop = |stopped| stopped)]
        fn run(breaker: &CircuitBreaker, place: &Bulkhead) -> Result<(), Stopped> {
            unreachable!("{breaker:?} and {place:?} let nobody in")
        }
        let _taken = place.try_acquire();
        if reason == StopReason::CircuitOpen {
            breaker.force_open();
        }
        let stopped = run(&breaker, &place).expect_err("it is rejected");
        assert_eq!(stopped.reason(), reason);
        stopped
    }

    /// How often a call above runs, and why it stops. `classify` would have it retried.
    macro_rules! above {
        ($reason:ident, $error:ty, $wrap:expr $(, $keys:tt = $value:expr)*) => {{
            #[retry(backoff = none, returns = outcome $(, $keys = $value)*)]
            fn above() -> Result<(), $error> {
                let wrap: fn(Stopped) -> $error = $wrap;
                Err(wrap(stopped(StopReason::$reason)))
            }
            let outcome = above();
            (outcome.attempts(), outcome.stop_reason())
        }};
    }

    const NOT_RETRIED: (u32, Option<StopReason>) = (1, Some(StopReason::NonRetryableClass));
    const RETRIED: (u32, Option<StopReason>) = (3, Some(StopReason::MaxAttemptsGlobal));

    #[tokio::test]
    async fn an_open_circuit_is_not_retried_at_once_either() {
        #[retry(backoff = none)]
        fn above(runs: &AtomicU32, cause: StopReason) -> Result<(), OrderFailed> {
            runs.fetch_add(1, Ordering::Relaxed);
            let cause = stopped(cause);
            Err(PaymentFailed { cause }.into())
        }
        #[retry(backoff = none)]
        async fn above_async(runs: &AtomicU32, cause: StopReason) -> Result<(), OrderFailed> {
            runs.fetch_add(1, Ordering::Relaxed);
            let cause = stopped(cause);
            Err(PaymentFailed { cause }.into())
        }
        for (reason, attempts) in [(StopReason::CircuitOpen, 1), (StopReason::BulkheadFull, 3)] {
            let runs = AtomicU32::new(0);
            assert!(above(&runs, reason).is_err());
            assert_eq!(runs.swap(0, Ordering::Relaxed), attempts);
            assert!(above_async(&runs, reason).await.is_err());
            assert_eq!(runs.into_inner(), attempts);
        }
    }

    #[test]
    fn an_open_circuit_in_a_chain_of_sources_is_not_retried() {
        assert_eq!(
            above!(CircuitOpen, OrderFailed, |cause| PaymentFailed { cause }
                .into()),
            NOT_RETRIED
        );
        assert_eq!(
            above!(BulkheadFull, OrderFailed, |cause| PaymentFailed { cause }
                .into()),
            RETRIED
        );
    }

    #[test]
    fn an_open_circuit_behind_an_error_that_hides_it_is_not_retried() {
        // It says what the stop says, and its source is the stop's own: the stop itself is not in the chain.
        #[derive(Debug, thiserror::Error)]
        #[error(transparent)]
        struct Hiding(#[from] Stopped);

        impl Classify for Hiding {
            fn classify(&self) -> Classification {
                ErrorClass::Transient.into()
            }
        }
        assert_eq!(above!(CircuitOpen, Hiding, Hiding), NOT_RETRIED);
        assert_eq!(above!(BulkheadFull, Hiding, Hiding), RETRIED);
    }

    #[test]
    fn an_open_circuit_does_not_count_for_the_one_above_however_the_call_ends() {
        macro_rules! state_above {
            ($reason:ident, $($keys:tt)*) => {{
                #[retry(breaker = *breaker, on_stop = |cause| PaymentFailed { cause }.into(), $($keys)*)]
                fn above(breaker: &CircuitBreaker) -> Result<(), OrderFailed> {
                    assert_eq!(breaker.state(), CircuitState::Closed);
                    let cause = stopped(StopReason::$reason);
                    Err(PaymentFailed { cause }.into())
                }
                let breaker = CircuitBreaker::new("above").consecutive(1);
                assert!(above(&breaker).is_err());
                breaker.state()
            }};
        }
        macro_rules! is_told_apart {
            ($($keys:tt)*) => {
                assert_eq!(state_above!(CircuitOpen, $($keys)*), CircuitState::Closed);
                assert_eq!(state_above!(BulkheadFull, $($keys)*), CircuitState::Open);
            };
        }
        is_told_apart!(attempts = 3);
        is_told_apart!(attempts = 1);
        is_told_apart!(transient = never);
        is_told_apart!(transient = never, deadline = "1s");
        is_told_apart!(transient = never, on_retry = |_| {});
    }

    #[test]
    fn an_open_circuit_in_an_io_error_is_not_retried() {
        assert_eq!(
            above!(
                CircuitOpen,
                io::Error,
                |stopped| io::Error::new(io::ErrorKind::TimedOut, stopped),
                classify = |_: &io::Error| ErrorClass::Transient
            ),
            NOT_RETRIED
        );
        assert_eq!(
            above!(
                BulkheadFull,
                io::Error,
                |stopped| io::Error::new(io::ErrorKind::TimedOut, stopped),
                classify = |_: &io::Error| ErrorClass::Transient
            ),
            RETRIED
        );
    }

    #[test]
    fn an_open_circuit_in_a_box_is_not_retried() {
        assert_eq!(
            above!(
                CircuitOpen,
                Box<dyn Error>,
                |cause| PaymentFailed { cause }.into(),
                retry_if = |_| true
            ),
            NOT_RETRIED
        );
        assert_eq!(
            above!(
                CircuitOpen,
                Box<dyn Error + Send + Sync>,
                |cause| io::Error::other(PaymentFailed { cause }).into(),
                retry_if = |_| true
            ),
            NOT_RETRIED
        );
        assert_eq!(
            above!(
                BulkheadFull,
                Box<dyn Error>,
                |cause| PaymentFailed { cause }.into(),
                retry_if = |_| true
            ),
            RETRIED
        );
    }

    #[test]
    fn a_stop_itself_is_not_retried_if_a_circuit_was_open() {
        assert_eq!(
            above!(CircuitOpen, Stopped, |stopped| stopped, retry_if = |_| true),
            NOT_RETRIED
        );
        assert_eq!(
            above!(
                BulkheadFull,
                Stopped,
                |stopped| stopped,
                retry_if = |_| true
            ),
            RETRIED
        );
    }

    #[tokio::test]
    async fn a_real_call_above_another_is_tried_once() {
        static BELOW: CircuitBreaker = circuit("really below");
        #[retry(attempts = 3, backoff = none, breaker = BELOW)]
        async fn pay(runs: &Runs) -> Result<u32, Below> {
            Ok(runs.flaky_until(u32::MAX)?)
        }
        #[retry(attempts = 5, backoff = none)]
        async fn order(runs: &Runs, orders: &Runs) -> Result<u32, Above> {
            let _ = orders.flaky_until(1);
            Ok(pay(runs).await?)
        }
        #[derive(Debug, thiserror::Error)]
        #[error("the payment failed")]
        enum Below {
            Fault(#[from] Fault),
            Stopped(#[from] Stopped),
        }
        impl Classify for Below {
            fn classify(&self) -> Classification {
                ErrorClass::Transient.into()
            }
        }
        #[derive(Debug, thiserror::Error)]
        #[error("the order failed")]
        struct Above(#[from] Below);
        impl Classify for Above {
            fn classify(&self) -> Classification {
                ErrorClass::Transient.into()
            }
        }
        let (runs, orders) = (Runs::new(), Runs::new());
        assert!(order(&runs, &orders).await.is_err());
        // Three failures have opened the circuit; the next order's payment is turned away, and that is the end of it.
        assert_eq!((runs.count(), orders.count()), (3, 2));
    }
}
