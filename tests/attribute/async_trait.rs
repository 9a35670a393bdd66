//! Methods under `#[async_trait]`, which rewrites them before `#[retry]` sees them.

use async_trait::async_trait;
use retry_core::{Policy, retry};

use crate::fault::{Fault, Runs};

#[async_trait]
trait Store: Sync {
    async fn load(&self, key: &str) -> Result<String, Fault>;
    async fn change(&mut self, by: u32) -> Result<u32, Fault>;
    async fn put(&self, value: Vec<u8>) -> Result<usize, Fault>;
    async fn advance(&self, page: u32) -> Result<u32, Fault>;
    async fn guarded(&mut self) -> Result<u32, Fault>;

    #[retry(backoff = none)]
    async fn load_default(&self, key: &str) -> Result<String, Fault> {
        self.load(key).await
    }
}

#[derive(Default)]
struct Memory {
    runs: Runs,
    total: u32,
    observer: retry_core::testing::Recorder,
}

#[async_trait]
impl Store for Memory {
    #[retry(backoff = none)]
    async fn load(&self, key: &str) -> Result<String, Fault> {
        tokio::task::yield_now().await;
        if self.runs.flaky_until(3).is_err() {
            return Err(Fault::Flaky);
        }
        Ok(key.to_owned())
    }

    #[retry(backoff = none)]
    async fn change(&mut self, by: u32) -> Result<u32, Fault> {
        self.total += by;
        tokio::task::yield_now().await;
        self.runs.flaky_until(3)?;
        Ok(self.total)
    }

    #[retry(backoff = none, clone(value))]
    async fn put(&self, value: Vec<u8>) -> Result<usize, Fault> {
        let consumed = value;
        self.runs.flaky_until(3)?;
        Ok(consumed.into_iter().map(usize::from).sum())
    }

    #[retry(backoff = none, clone(page))]
    async fn advance(&self, mut page: u32) -> Result<u32, Fault> {
        page += 1;
        self.runs.flaky_until(3)?;
        Ok(page)
    }

    #[retry(policy = Policy::AGGRESSIVE, backoff = none, observe = self.observer, operation = "guarded")]
    async fn guarded(&mut self) -> Result<u32, Fault> {
        self.total += 1;
        self.runs.flaky_until(4)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_are_retried_and_their_futures_can_be_sent() {
    let mut store: Box<dyn Store + Send> = Box::<Memory>::default();
    let loaded = tokio::spawn(async move { (store.load("key").await, store) });
    let (loaded, back) = loaded.await.expect("the task ran");
    assert_eq!(loaded, Ok("key".to_owned()));
    store = back;
    assert_eq!(store.load_default("other").await, Ok("other".to_owned()));
    assert_eq!(Memory::default().change(2).await, Ok(6));
    assert_eq!(Memory::default().put(vec![1, 2]).await, Ok(3));
    assert_eq!(Memory::default().advance(7).await, Ok(8));
}

#[tokio::test]
async fn keys_may_use_self() {
    let mut memory = Memory::default();
    assert_eq!(memory.guarded().await, Ok(4));
    assert_eq!(memory.observer.count(retry_core::EventKind::Retry), 3);
}

#[tokio::test]
async fn a_method_without_send_is_retried_too() {
    #[async_trait(?Send)]
    trait Local {
        async fn run(&self, runs: &Runs) -> Result<u32, Fault>;
    }
    #[async_trait(?Send)]
    impl Local for () {
        #[retry(backoff = none)]
        async fn run(&self, runs: &Runs) -> Result<u32, Fault> {
            let held = std::rc::Rc::new(1);
            tokio::task::yield_now().await;
            runs.flaky_until(2).map(|run| run + *held)
        }
    }
    assert_eq!(().run(&Runs::new()).await, Ok(3));
}
