//! `returns = outcome`: the caller gets everything about the call.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use retry_core::testing::{ManualClock, Recorder};
use retry_core::{
    Bulkhead, Cause, CircuitBreaker, ErrorClass, EventKind, Outcome, StopReason, retry,
};

use crate::fault::{Fault, Runs};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_success_tells_how_it_came_about() {
    #[retry(backoff = fixed("1s"), returns = outcome)]
    fn run(runs: &Runs, good: u32) -> Result<u32, Fault> {
        let run = runs.flaky_until(good)?;
        Ok(run * 10)
    }
    let clock = ManualClock::new();
    let _installed = clock.install();
    let outcome: Outcome<u32, Fault> = run(&Runs::new(), 3);
    assert_eq!(outcome.value(), Some(&30));
    assert_eq!(outcome.attempts(), 3);
    assert_eq!(outcome.elapsed(), seconds(2));
    assert_eq!(outcome.last_class(), Some(ErrorClass::Transient));
    assert_eq!(outcome.stop_reason(), None);
    assert!(outcome.timeline().is_empty());
    let outcome = run(&Runs::new(), 1);
    assert_eq!((outcome.attempts(), outcome.last_class()), (1, None));
}

#[tokio::test(start_paused = true)]
async fn a_failure_tells_why_it_stopped() {
    #[retry(attempts = 3, backoff = fixed("1s"), returns = outcome)]
    async fn run(runs: &Runs) -> Result<u32, Fault> {
        tokio::time::sleep(seconds(1)).await;
        runs.flaky_until(100)
    }
    let outcome: Outcome<u32, Fault> = run(&Runs::new()).await;
    assert!(!outcome.is_success());
    assert_eq!(outcome.last_error(), Some(&Fault::Flaky));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    assert_eq!((outcome.attempts(), outcome.elapsed()), (3, seconds(5)));
}

#[tokio::test(start_paused = true)]
async fn no_error_has_to_be_made_of_a_stop() {
    static SHUTDOWN: AtomicBool = AtomicBool::new(false);
    // `Fault` cannot be made from `Stopped`.
    #[retry(attempts = 2, backoff = none, attempt_timeout = "1s", abort = SHUTDOWN, returns = outcome)]
    async fn cut(_: &Runs) -> Result<u32, Fault> {
        std::future::pending().await
    }
    #[retry(attempts = 2, backoff = none, retry_until = |run| *run > 10, returns = outcome)]
    fn judged(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(1)
    }
    const CUT: retry_core::Policy = retry_core::Policy::new().attempt_timeout(seconds(1));
    #[retry(policy = CUT, returns = outcome)]
    async fn by_policy(_: &Runs) -> Result<u32, Fault> {
        std::future::pending().await
    }
    let outcome = cut(&Runs::new()).await;
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    assert_eq!((outcome.value(), outcome.last_error()), (None, None));
    let outcome = judged(&Runs::new());
    assert_eq!(outcome.last_value(), Some(&2));
    assert_eq!(by_policy(&Runs::new()).await.attempts(), 3);
    SHUTDOWN.store(true, Ordering::Relaxed);
    let outcome = cut(&Runs::new()).await;
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert_eq!((outcome.attempts(), outcome.last_class()), (0, None));
}

#[test]
fn the_timeline_records_the_latest_attempts() {
    const LIMIT: usize = 2;
    #[retry(attempts = 4, backoff = fixed("1s"), returns = outcome, timeline = LIMIT)]
    fn run(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(4)
    }
    let clock = ManualClock::new();
    let _installed = clock.install();
    let outcome = run(&Runs::new());
    let attempts: Vec<_> = outcome
        .timeline()
        .iter()
        .map(|attempt| (attempt.number, attempt.start, attempt.error.as_deref()))
        .collect();
    assert_eq!(
        attempts,
        [(3, seconds(2), Some("flaky")), (4, seconds(3), None)]
    );
    assert_eq!(outcome.timeline().omitted(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_timeline_of_an_async_call_is_recorded_too() {
    #[retry(attempts = 2, backoff = fixed("1s"), attempt_timeout = "2s", returns = outcome, timeline = 8)]
    async fn run(runs: &Runs) -> Result<u32, Fault> {
        if runs.flaky_until(2).is_err() {
            return Err(Fault::Flaky);
        }
        std::future::pending().await
    }
    let outcome = run(&Runs::new()).await;
    let attempts: Vec<_> = outcome
        .timeline()
        .iter()
        .map(|attempt| (attempt.cause, attempt.duration))
        .collect();
    assert_eq!(
        attempts,
        [
            (Some(Cause::Error), seconds(0)),
            (Some(Cause::Timeout), seconds(2))
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_timeline_tells_what_the_guards_did() {
    static CIRCUIT: CircuitBreaker = CircuitBreaker::new("outcome.circuit").consecutive(2);
    static POOL: Bulkhead = Bulkhead::new("outcome.pool", 1).wait(seconds(5));
    #[retry(backoff = fixed("1s"), breaker = CIRCUIT, bulkhead = POOL, returns = outcome, timeline = 8)]
    async fn run() -> Result<u32, Fault> {
        tokio::time::sleep(seconds(1)).await;
        Err(Fault::Flaky)
    }
    let inside = POOL.try_acquire().expect("room");
    let leave = async {
        tokio::time::sleep(seconds(2)).await;
        drop(inside);
    };
    let (outcome, ()) = tokio::join!(run(), leave);
    assert_eq!(
        outcome.timeline().to_string(),
        "\
run stopped after 2 attempts in 5s: circuit_open
                    ◆                         @2s  contention_detected after 2s: outcome.pool
 1  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒████████░░░░░░░░           1s  transient: flaky
 2                                  ████████   1s  transient: flaky
                                           ◆  @5s  circuit_opened: outcome.circuit
                                           ◆  @5s  circuit_rejected, probe in 30s: outcome.circuit
    0s                                    5s  █ attempt  ░ sleep  ▒ queue  ◆ event
"
    );
}

#[derive(Debug, Default)]
struct Client {
    runs: Runs,
    name: String,
    observer: Recorder,
}

impl Client {
    #[retry(backoff = none, returns = outcome)]
    fn shared(&self) -> Result<&str, Fault> {
        self.runs.flaky_until(2)?;
        Ok(&self.name)
    }

    #[retry(backoff = none, returns = outcome, observe = self.observer)]
    async fn exclusive(&mut self) -> Result<usize, Fault> {
        self.name.push('.');
        self.runs.flaky_until(2)?;
        Ok(self.name.len())
    }

    #[retry(backoff = none, returns = outcome)]
    async fn made<T: Sync>(runs: &Runs, _: &T) -> Result<Self, Fault> {
        runs.flaky_until(2)?;
        Ok(Self::default())
    }
}

#[tokio::test]
async fn methods_generics_and_borrows_stay() {
    let mut client = Client::default();
    assert_eq!(client.shared().value(), Some(&""));
    assert_eq!(client.shared().attempts(), 1);
    client.runs = Runs::new();
    assert_eq!(client.exclusive().await.value(), Some(&2));
    assert_eq!(client.observer.count(EventKind::Success), 1);
    assert_eq!(Client::made(&Runs::new(), &1).await.attempts(), 2);
}

#[test]
fn an_alias_of_result_becomes_an_outcome_too() {
    type Answer<T = u32> = Result<T, Fault>;
    #[retry(backoff = none, returns = outcome)]
    fn default(runs: &Runs) -> Answer {
        runs.flaky_until(2)
    }
    #[retry(backoff = none, returns = outcome)]
    fn of_the_library(path: &str) -> io::Result<String> {
        std::fs::read_to_string(path)
    }
    let outcome: Outcome<u32, Fault> = default(&Runs::new());
    assert_eq!(outcome.attempts(), 2);
    let outcome: Outcome<String, io::Error> = of_the_library("/nowhere");
    assert_eq!(outcome.stop_reason(), Some(StopReason::NonRetryableClass));
    assert!(outcome.into_result().is_err());
}

#[test]
fn methods_of_a_trait_return_what_the_trait_says() {
    trait Store {
        fn runs(&self) -> &Runs;
        #[retry(backoff = none, returns = outcome)]
        fn inherited(&self) -> Result<u32, Fault> {
            self.runs().flaky_until(2)
        }
        #[retry(backoff = none, returns = result)]
        fn plain(&self) -> Result<u32, Fault> {
            self.runs().flaky_until(4)
        }
    }
    impl Store for Runs {
        fn runs(&self) -> &Runs {
            self
        }
    }
    let runs = Runs::new();
    assert_eq!(runs.inherited().attempts(), 2);
    assert_eq!(runs.plain(), Ok(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_future_can_be_spawned() {
    #[retry(backoff = none, returns = outcome)]
    async fn run(runs: std::sync::Arc<Runs>) -> Result<u32, Fault> {
        tokio::task::yield_now().await;
        runs.flaky_until(2)
    }
    let outcome = tokio::spawn(run(std::sync::Arc::default())).await;
    assert_eq!(outcome.expect("the task ran").attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_last_value_is_there_when_the_call_is_stopped_in_its_sleep() {
    static SHUTDOWN: retry_core::AbortSignal = retry_core::AbortSignal::new();
    #[retry(backoff = fixed("1m"), retry_until = |run| *run > 9, abort = SHUTDOWN, returns = outcome)]
    async fn run(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(1)
    }
    let runs = Runs::new();
    let (outcome, ()) = tokio::join!(run(&runs), async {
        tokio::time::sleep(seconds(1)).await;
        SHUTDOWN.abort();
    });
    assert_eq!(outcome.last_value(), Some(&1));
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert_eq!(outcome.elapsed(), seconds(1));
}
