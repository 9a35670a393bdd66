//! Ends without an error of their own: timeouts and values that are not accepted.

use std::time::Duration;

use retry_core::{Backoff, ErrorClass, Policy, StopReason, Stopped, retry};

use crate::fault::Runs;

#[derive(Debug)]
enum Carrying {
    Flaky,
    Stopped(StopReason),
}

impl From<Stopped> for Carrying {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped.reason())
    }
}

impl retry_core::Classify for Carrying {
    fn classify(&self) -> retry_core::Classification {
        ErrorClass::Transient.into()
    }
}

async fn slow(runs: &Runs, good: u32) -> Result<u32, Carrying> {
    if let Ok(run) = runs.flaky_until(good) {
        return Ok(run);
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    Err(Carrying::Flaky)
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_too_slow_is_cut_and_retried() {
    #[retry(attempts = 3, backoff = none, attempt_timeout = "1s")]
    async fn run(runs: &Runs) -> Result<u32, Carrying> {
        slow(runs, 3).await
    }
    let start = tokio::time::Instant::now();
    assert!(matches!(run(&Runs::new()).await, Ok(3)));
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_last_attempt_that_is_cut_becomes_an_error() {
    #[retry(attempts = 2, backoff = none, attempt_timeout = "1s")]
    async fn run(runs: &Runs) -> Result<u32, Carrying> {
        slow(runs, 100).await
    }
    #[retry(attempts = 2, backoff = none, attempt_timeout = "1s", on_stop = |_| Carrying::Flaky)]
    async fn converted(runs: &Runs) -> Result<u32, Carrying> {
        slow(runs, 100).await
    }
    let end = run(&Runs::new()).await;
    assert!(
        matches!(end, Err(Carrying::Stopped(StopReason::MaxAttemptsGlobal))),
        "{end:?}"
    );
    assert!(matches!(
        converted(&Runs::new()).await,
        Err(Carrying::Flaky)
    ));
}

const IMPATIENT: Policy = Policy::new()
    .backoff(Backoff::none())
    .attempt_timeout(Duration::from_secs(1));

#[tokio::test(start_paused = true)]
async fn a_policy_may_bring_the_timeout() {
    #[retry(policy = IMPATIENT)]
    async fn run(runs: &Runs) -> Result<u32, Carrying> {
        slow(runs, 3).await
    }
    struct Client(Runs);
    impl Client {
        #[retry(policy = IMPATIENT)]
        async fn run(&self) -> Result<u32, Carrying> {
            slow(&self.0, 3).await
        }
    }
    assert!(matches!(run(&Runs::new()).await, Ok(3)));
    assert!(matches!(Client(Runs::new()).run().await, Ok(3)));
}

#[tokio::test]
async fn a_policy_without_a_timeout_asks_nothing_of_the_error() {
    use crate::fault::Fault;
    #[retry(policy = Policy::AGGRESSIVE, backoff = none)]
    async fn run(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(5)
    }
    #[retry(policy = Policy::AGGRESSIVE, backoff = none)]
    async fn opaque(runs: &Runs) -> Result<impl Sized + use<>, Fault> {
        runs.flaky_until(5)
    }
    #[retry(policy = Policy::AGGRESSIVE, backoff = none)]
    async fn borrowed<'a, T: Sync>(runs: &'a Runs, _: &T) -> Result<&'a Runs, Fault> {
        runs.flaky_until(5).map(|_| runs)
    }
    assert_eq!(run(&Runs::new()).await, Ok(5));
    assert!(opaque(&Runs::new()).await.is_ok());
    assert!(borrowed(&Runs::new(), &1).await.is_ok());
}

#[test]
fn a_value_that_is_not_accepted_is_retried() {
    #[retry(attempts = 5, backoff = none, retry_until = |run| *run == 3)]
    fn run(runs: &Runs) -> Result<u32, Carrying> {
        runs.flaky_until(1).map_err(|_| Carrying::Flaky)
    }
    #[retry(attempts = 2, backoff = none, retry_until = |run| *run == 3)]
    fn never(runs: &Runs) -> Result<u32, Carrying> {
        runs.flaky_until(1).map_err(|_| Carrying::Flaky)
    }
    assert!(matches!(run(&Runs::new()), Ok(3)));
    assert!(matches!(
        never(&Runs::new()),
        Err(Carrying::Stopped(StopReason::MaxAttemptsGlobal))
    ));
}

#[test]
fn a_value_may_be_classified() {
    #[retry(
        attempts = 5,
        backoff = none,
        classify_value = |run: &u32| (*run < 3).then_some(ErrorClass::ServerError.into())
    )]
    fn run(runs: &Runs) -> Result<u32, Carrying> {
        runs.flaky_until(1).map_err(|_| Carrying::Flaky)
    }
    assert!(matches!(run(&Runs::new()), Ok(3)));
}
