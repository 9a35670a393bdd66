//! Async functions and methods.

use std::cell::RefCell;
use std::fmt::Display;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use retry_core::retry;
use tokio::time::Instant;

use crate::fault::{Fault, Runs};

async fn breath() {
    tokio::task::yield_now().await;
}

#[tokio::test]
async fn a_question_mark_fails_the_attempt_and_not_the_call() {
    #[retry(backoff = none)]
    async fn run(runs: &Runs) -> Result<u32, Fault> {
        breath().await;
        let run = runs.flaky_until(3)?;
        Ok(run * 10)
    }
    let runs = Runs::new();
    assert_eq!((run(&runs).await, runs.count()), (Ok(30), 3));
}

#[tokio::test]
async fn an_early_return_ends_the_attempt() {
    #[retry(backoff = none)]
    async fn run(runs: &Runs) -> Result<&'static str, Fault> {
        breath().await;
        if runs.flaky_until(2).is_err() {
            return Err(Fault::Flaky);
        }
        if runs.count() == 2 {
            return Ok("early");
        }
        Ok("late")
    }
    let runs = Runs::new();
    assert_eq!((run(&runs).await, runs.count()), (Ok("early"), 2));
}

#[tokio::test]
async fn the_last_error_comes_back_as_it_was() {
    #[retry(attempts = 4, backoff = none)]
    async fn run(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(100)
    }
    let runs = Runs::new();
    assert_eq!((run(&runs).await, runs.count()), (Err(Fault::Flaky), 4));
}

#[derive(Debug, Default)]
struct Client {
    runs: Runs,
    log: Vec<u32>,
    name: String,
}

impl Client {
    #[retry(backoff = none)]
    async fn shared(&self, wanted: u32) -> Result<u32, Fault> {
        breath().await;
        self.runs.flaky_until(wanted)
    }

    #[retry(backoff = none)]
    async fn exclusive(&mut self, wanted: u32) -> Result<usize, Fault> {
        self.log.push(wanted);
        breath().await;
        self.runs.flaky_until(wanted)?;
        self.tick();
        Ok(self.log.len())
    }

    fn tick(&mut self) {
        self.name.push('.');
    }

    #[retry(backoff = none)]
    async fn coerced(&self) -> Result<&str, Fault> {
        self.runs.flaky_until(2)?;
        Ok(&self.name)
    }

    #[retry(backoff = none)]
    async fn made(runs: &Runs) -> Result<Self, Fault> {
        breath().await;
        runs.flaky_until(2)?;
        Ok(Self {
            name: "made".to_owned(),
            ..Self::default()
        })
    }
}

#[tokio::test]
async fn receivers_are_shared_by_the_attempts() {
    assert_eq!(Client::default().shared(3).await, Ok(3));
    let mut client = Client::default();
    assert_eq!(client.exclusive(3).await, Ok(3));
    assert_eq!(client.name, ".");
    assert_eq!(client.coerced().await, Ok("."));
    assert_eq!(
        Client::made(&Runs::new()).await.map(|client| client.name),
        Ok("made".to_owned())
    );
}

#[tokio::test]
async fn an_exclusively_borrowed_argument_is_borrowed_again_by_each_attempt() {
    #[retry(backoff = none)]
    async fn fill(buffer: &mut Vec<u32>) -> Result<usize, Fault> {
        buffer.push(1);
        breath().await;
        if buffer.len() < 3 {
            Err(Fault::Flaky)
        } else {
            Ok(buffer.len())
        }
    }
    let mut buffer = Vec::new();
    assert_eq!(fill(&mut buffer).await, Ok(3));
    assert_eq!(buffer, [1, 1, 1]);
}

#[tokio::test]
async fn generics_impl_trait_and_patterns_stay() {
    #[retry(backoff = none)]
    async fn show<T, const N: usize>(
        values: [T; N],
        (left, right): (u32, u32),
        runs: &Runs,
    ) -> Result<impl Display + use<T, N>, Fault>
    where
        T: Display + Send + Sync,
    {
        breath().await;
        runs.flaky_until(2)?;
        Ok(values.iter().map(ToString::to_string).collect::<String>() + &format!("{left}{right}"))
    }
    #[retry(backoff = none)]
    async fn call(function: impl Fn(u32) -> u32 + Send + Sync, runs: &Runs) -> Result<u32, Fault> {
        Ok(function(runs.flaky_until(2)?))
    }
    let shown = show([1, 2], (3, 4), &Runs::new()).await;
    assert_eq!(
        shown.map(|shown| format!("<{shown}>")),
        Ok("<1234>".to_owned())
    );
    assert_eq!(call(|run| run + 1, &Runs::new()).await, Ok(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_future_can_be_spawned() {
    #[retry(backoff = none)]
    async fn run(text: String, runs: std::sync::Arc<Runs>) -> Result<usize, Fault> {
        breath().await;
        runs.flaky_until(3)?;
        Ok(text.len())
    }
    let runs = std::sync::Arc::default();
    let spawned = tokio::spawn(run("abc".to_owned(), runs));
    assert_eq!(spawned.await.expect("the task ran"), Ok(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_future_that_borrows_can_be_spawned_with_its_owner() {
    let task = tokio::spawn(async move {
        let client = Client::default();
        client.shared(2).await
    });
    assert_eq!(task.await.expect("the task ran"), Ok(2));
}

#[tokio::test]
async fn a_body_that_cannot_be_sent_still_runs() {
    #[retry(backoff = none)]
    #[expect(clippy::future_not_send, reason = "that is the test")]
    async fn run(cell: Rc<RefCell<u32>>) -> Result<u32, Fault> {
        let shared = Rc::clone(&cell);
        breath().await;
        *shared.borrow_mut() += 1;
        let count = *cell.borrow();
        if count < 2 {
            Err(Fault::Flaky)
        } else {
            Ok(count)
        }
    }
    assert_eq!(run(Rc::default()).await, Ok(2));
}

trait Store {
    async fn load(&self, key: &str) -> Result<String, Fault>;

    fn sent(&self) -> impl Future<Output = Result<u32, Fault>> + Send;

    #[retry(backoff = none)]
    async fn load_twice(&self, key: &str) -> Result<(String, String), Fault>
    where
        Self: Sized,
    {
        Ok((self.load(key).await?, self.load(key).await?))
    }
}

impl Store for Runs {
    #[retry(backoff = none)]
    async fn load(&self, key: &str) -> Result<String, Fault> {
        breath().await;
        self.flaky_until(3)?;
        Ok(key.to_owned())
    }

    #[retry(backoff = none)]
    async fn sent(&self) -> Result<u32, Fault> {
        breath().await;
        self.flaky_until(5)
    }
}

#[tokio::test]
async fn async_functions_in_traits_are_retried() {
    let runs = Runs::new();
    assert_eq!(
        runs.load_twice("k").await,
        Ok(("k".to_owned(), "k".to_owned()))
    );
    assert_eq!(runs.count(), 4);
    assert_eq!(Store::sent(&runs).await, Ok(5));
}

#[tokio::test]
async fn a_recursive_function_only_needs_its_box() {
    #[retry(attempts = 2, backoff = none)]
    async fn down(depth: u32, runs: &Runs) -> Result<u32, Fault> {
        if depth == 0 {
            return runs.flaky_until(3);
        }
        Box::pin(down(depth - 1, runs)).await
    }
    assert_eq!(down(2, &Runs::new()).await, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn the_waits_are_those_of_the_backoff() {
    #[retry(attempts = 4, backoff = exponential("1s", jitter = none))]
    async fn run(runs: &Runs) -> Result<u32, Fault> {
        runs.flaky_until(4)
    }
    let start = Instant::now();
    assert_eq!(run(&Runs::new()).await, Ok(4));
    assert_eq!(start.elapsed(), Duration::from_secs(7));
}

#[tokio::test]
async fn a_value_that_cannot_be_sent_may_come_out() {
    #[retry(backoff = none)]
    async fn run(runs: std::sync::Arc<Runs>) -> Result<Rc<u32>, Fault> {
        runs.flaky_until(2).map(Rc::new)
    }
    let runs = std::sync::Arc::new(Runs::new());
    let value = tokio::spawn(async { run(runs).await.map(|value| *value) });
    assert_eq!(value.await.ok(), Some(Ok(2)));
}

#[tokio::test]
async fn retry_above_the_runtime_attribute_is_fine() {
    let runs = std::sync::Arc::new(Runs::new());
    let inner = std::sync::Arc::clone(&runs);
    std::thread::spawn(move || {
        #[retry(backoff = none)]
        #[tokio::main(flavor = "current_thread")]
        async fn run(runs: &Runs) -> Result<u32, Fault> {
            runs.flaky_until(2)
        }
        assert_eq!(run(&inner), Ok(2));
    })
    .join()
    .expect("the thread ran");
    assert_eq!(runs.count(), 2);
}
