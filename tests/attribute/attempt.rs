//! The parameter `#[attempt]`, which the loop supplies.

use std::cell::RefCell;
use std::time::Duration;

use retry_core::testing::ManualClock;
use retry_core::{Attempt, ErrorClass, retry};

use crate::fault::{Fault, Runs};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What a body saw of its attempts.
#[derive(Debug, Default)]
struct Seen(RefCell<Vec<Sight>>);

type Sight = (u32, Duration, Option<Duration>, Option<ErrorClass>, bool);

impl Seen {
    fn note(&self, attempt: Attempt) {
        self.0.borrow_mut().push((
            attempt.number(),
            attempt.elapsed(),
            attempt.remaining(),
            attempt.last_class(),
            attempt.is_last(),
        ));
    }

    fn numbers(&self) -> Vec<u32> {
        self.0.borrow().iter().map(|sight| sight.0).collect()
    }
}

#[test]
fn an_attempt_knows_its_place_in_the_call() {
    #[retry(attempts = 3, backoff = fixed("2s"), deadline = "10s")]
    fn run(#[attempt] attempt: Attempt, seen: &Seen, clock: &ManualClock) -> Result<u32, Fault> {
        clock.advance(seconds(1));
        seen.note(attempt);
        Err(Fault::Flaky)
    }
    let clock = ManualClock::new();
    let _installed = clock.install();
    let seen = Seen::default();
    assert_eq!(run(&seen, &clock), Err(Fault::Flaky));
    let transient = Some(ErrorClass::Transient);
    assert_eq!(
        *seen.0.borrow(),
        [
            (1, seconds(1), Some(seconds(9)), None, false),
            (2, seconds(4), Some(seconds(6)), transient, false),
            (3, seconds(7), Some(seconds(3)), transient, true),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_async_attempt_knows_too_on_the_clock_of_the_runtime() {
    #[retry(attempts = 3, backoff = fixed("2s"), deadline = "10s")]
    #[expect(clippy::future_not_send, reason = "the test notes in a cell")]
    async fn run(seen: &Seen, #[attempt] attempt: Attempt) -> Result<u32, Fault> {
        tokio::time::sleep(seconds(1)).await;
        seen.note(attempt);
        Err(Fault::Flaky)
    }
    let seen = Seen::default();
    assert_eq!(run(&seen).await, Err(Fault::Flaky));
    let transient = Some(ErrorClass::Transient);
    assert_eq!(
        *seen.0.borrow(),
        [
            (1, seconds(1), Some(seconds(9)), None, false),
            (2, seconds(4), Some(seconds(6)), transient, false),
            (3, seconds(7), Some(seconds(3)), transient, true),
        ]
    );
}

#[test]
fn without_a_deadline_nothing_remains_and_without_a_limit_none_is_the_last() {
    #[retry(attempts = unlimited, backoff = fixed("1s"))]
    fn run(#[attempt] attempt: Attempt, seen: &Seen) -> Result<u32, Fault> {
        seen.note(attempt);
        if attempt.number() < 3 {
            Err(Fault::Flaky)
        } else {
            Ok(attempt.number())
        }
    }
    let clock = ManualClock::new();
    let _installed = clock.install();
    let seen = Seen::default();
    assert_eq!(run(&seen), Ok(3));
    assert_eq!(
        seen.0.borrow().last(),
        Some(&(3, seconds(2), None, Some(ErrorClass::Transient), false))
    );
}

#[test]
fn what_remains_is_zero_when_the_deadline_has_passed() {
    #[retry(deadline = "3s")]
    fn run(#[attempt] attempt: Attempt, clock: &ManualClock) -> Result<Option<Duration>, Fault> {
        clock.advance(seconds(5));
        Ok(attempt.remaining())
    }
    let clock = ManualClock::new();
    let _installed = clock.install();
    assert_eq!(run(&clock), Ok(Some(Duration::ZERO)));
}

#[test]
fn it_may_stand_anywhere() {
    #[retry]
    fn only(#[attempt] attempt: Attempt) -> Result<u32, Fault> {
        Ok(attempt.number())
    }
    #[retry]
    fn first(#[attempt] attempt: Attempt, by: u32) -> Result<u32, Fault> {
        Ok(attempt.number() + by)
    }
    #[retry]
    fn between(by: u32, #[attempt] attempt: Attempt, more: u32) -> Result<u32, Fault> {
        Ok(attempt.number() + by + more)
    }
    #[retry]
    fn last(by: u32, #[attempt] attempt: Attempt) -> Result<u32, Fault> {
        Ok(attempt.number() + by)
    }
    #[retry]
    fn unnamed(#[attempt] _: Attempt, by: u32) -> Result<u32, Fault> {
        Ok(by)
    }
    assert_eq!(only(), Ok(1));
    assert_eq!(first(1), Ok(2));
    assert_eq!(between(1, 2), Ok(4));
    assert_eq!(last(1), Ok(2));
    assert_eq!(unnamed(1), Ok(1));
}

#[derive(Debug, Default)]
struct Client {
    runs: Runs,
    log: Vec<u32>,
}

impl Client {
    #[retry(backoff = none)]
    fn shared(&self, #[attempt] attempt: Attempt) -> Result<u32, Fault> {
        self.runs.flaky_until(3)?;
        Ok(attempt.number())
    }

    #[retry(backoff = none)]
    fn exclusive(&mut self, #[attempt] attempt: Attempt) -> Result<&[u32], Fault> {
        self.log.push(attempt.number());
        self.runs.flaky_until(3)?;
        Ok(&[])
    }

    #[retry(backoff = none, clone(by), fallback = async |_| Ok(self.log.len()))]
    async fn exclusive_async<T: Into<u32> + Clone + Send + Sync>(
        &mut self,
        by: T,
        #[attempt] attempt: Attempt,
    ) -> Result<usize, Fault> {
        let by: u32 = by.into();
        tokio::task::yield_now().await;
        self.log.push(attempt.number() * by);
        self.runs.flaky_until(100)?;
        Ok(0)
    }
}

#[tokio::test]
async fn methods_may_take_one() {
    assert_eq!(Client::default().shared(), Ok(3));
    let mut client = Client::default();
    assert_eq!(client.exclusive().map(<[u32]>::len), Ok(0));
    assert_eq!(client.exclusive_async(10_u8).await, Ok(6));
    assert_eq!(client.log, [1, 2, 3, 10, 20, 30]);
}

#[tokio::test]
async fn implementations_may_take_one_that_the_trait_does_not_know() {
    trait Store {
        fn load(&self) -> Result<u32, Fault>;
        async fn later(&self) -> Result<u32, Fault>;
        #[retry(backoff = none)]
        fn inherited(&self, #[attempt] attempt: Attempt) -> Result<u32, Fault> {
            self.load().map(|run| run + attempt.number())
        }
    }
    impl Store for Runs {
        #[retry(backoff = none)]
        fn load(&self, #[attempt] attempt: Attempt) -> Result<u32, Fault> {
            self.flaky_until(2)?;
            Ok(attempt.number())
        }
        #[retry(backoff = none)]
        async fn later(&self, #[attempt] attempt: Attempt) -> Result<u32, Fault> {
            self.flaky_until(5)?;
            Ok(attempt.number())
        }
    }
    let runs = Runs::new();
    assert_eq!(runs.load(), Ok(2));
    assert_eq!(runs.later().await, Ok(3));
    assert_eq!(runs.inherited(), Ok(2));
}

#[tokio::test]
async fn methods_under_async_trait_may_take_one() {
    #[async_trait::async_trait]
    trait Store {
        async fn load(&self, key: &str) -> Result<String, Fault>;
        async fn change(&mut self) -> Result<u32, Fault>;
        #[retry(backoff = none, attempts = 4)]
        async fn inherited(&self, #[attempt] attempt: Attempt, key: &str) -> Result<String, Fault>
        where
            Self: Sync,
        {
            let loaded = self.load(key).await?;
            Ok(format!("{loaded} of {}", attempt.number()))
        }
    }
    #[async_trait::async_trait]
    impl Store for Client {
        #[retry(backoff = none)]
        async fn load(&self, #[attempt] attempt: Attempt, key: &str) -> Result<String, Fault> {
            self.runs.flaky_until(2)?;
            Ok(format!("{key} {}", attempt.number()))
        }
        #[retry(backoff = none)]
        async fn change(&mut self, #[attempt] _: Attempt) -> Result<u32, Fault> {
            self.runs.flaky_until(5)
        }
    }
    let mut store: Box<dyn Store + Send + Sync> = Box::<Client>::default();
    assert_eq!(store.load("key").await, Ok("key 2".to_owned()));
    assert_eq!(store.change().await, Ok(5));
    assert_eq!(store.inherited("key").await, Ok("key 1 of 1".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_future_that_knows_its_attempt_can_be_spawned() {
    #[retry(backoff = none)]
    async fn run(
        #[attempt] attempt: Attempt,
        runs: std::sync::Arc<Runs>,
    ) -> Result<(u32, Duration), Fault> {
        tokio::task::yield_now().await;
        runs.flaky_until(3)?;
        Ok((attempt.number(), attempt.elapsed()))
    }
    let run = tokio::spawn(run(std::sync::Arc::default()));
    let (number, elapsed) = run.await.expect("the task ran").expect("it succeeds");
    assert_eq!(number, 3);
    assert!(elapsed < seconds(60));
}

#[test]
fn it_may_be_named_like_anything_and_be_conditional() {
    #[retry(backoff = none)]
    fn raw(#[attempt] r#type: Attempt, seen: &Seen) -> Result<u32, Fault> {
        seen.note(r#type);
        Err(Fault::Flaky)
    }
    #[retry(backoff = none)]
    fn conditional(
        #[cfg(any())]
        #[attempt]
        missing: Attempt,
        seen: &Seen,
    ) -> Result<usize, Fault> {
        Ok(seen.numbers().len())
    }
    #[retry(backoff = none)]
    fn there(
        #[cfg(test)]
        #[attempt]
        there: Attempt,
    ) -> Result<u32, Fault> {
        Ok(there.number())
    }
    #[retry(backoff = none)]
    fn taken(__known: u32, #[attempt] __typed: Attempt, __driver: u32) -> Result<u32, Fault> {
        Ok(__typed.number() + __known + __driver)
    }
    let seen = Seen::default();
    assert_eq!(raw(&seen), Err(Fault::Flaky));
    assert_eq!(seen.numbers(), [1, 2, 3]);
    assert_eq!(conditional(&seen), Ok(3));
    assert_eq!(there(), Ok(1));
    assert_eq!(taken(10, 20), Ok(31));
}

#[test]
fn a_temporary_of_the_tail_may_borrow_it() {
    struct Guard<'a>(&'a Attempt);
    impl Drop for Guard<'_> {
        fn drop(&mut self) {
            let _ = self.0.number();
        }
    }
    #[retry]
    fn run(#[attempt] attempt: Attempt) -> Result<u32, Fault> {
        Some(Guard(&attempt).0.number()).ok_or(Fault::Fatal)
    }
    assert_eq!(run(), Ok(1));
}

#[test]
fn it_composes_with_an_outcome() {
    #[retry(backoff = none, returns = outcome)]
    fn run(#[attempt] attempt: Attempt) -> Result<u32, Fault> {
        if attempt.is_last() {
            Ok(attempt.number())
        } else {
            Err(Fault::Flaky)
        }
    }
    let outcome = run();
    assert_eq!((outcome.value(), outcome.attempts()), (Some(&3), 3));
}

#[test]
fn it_prints_what_it_knows() {
    #[retry(deadline = "1m")]
    fn run(#[attempt] attempt: Attempt) -> Result<String, Fault> {
        Ok(format!("{attempt:?}"))
    }
    let clock = ManualClock::new();
    let _installed = clock.install();
    assert_eq!(
        run().as_deref(),
        Ok(
            "Attempt { number: 1, elapsed: 0ns, remaining: Some(60s), last_class: None, is_last: false, .. }"
        )
    );
}
