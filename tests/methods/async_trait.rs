//! Blocks under `#[async_trait]`, above and below `#[retry_methods]`.

use async_trait::async_trait;
use retry_core::{EventKind, retry_methods};

use crate::fault::{Fault, Faulty};

#[async_trait]
trait Store: Sync {
    async fn load(&self, key: &str) -> Result<String, Fault>;
    async fn change(&mut self, by: u32) -> Result<u32, Fault>;
    async fn put(&self, value: Vec<u8>) -> Result<usize, Fault>;
    async fn drop_all(&self) -> Result<(), Fault>;
    async fn size(&self) -> usize;
}

struct Above(Faulty, u32);
struct Below(Faulty, u32);

macro_rules! store {
    ($store:ident, above = $above:meta, below = $below:meta) => {
        #[cfg_attr($below, async_trait)]
        #[retry_methods(attempts = 3, backoff = fixed("1s"), observe = self.0.log)]
        #[cfg_attr($above, async_trait)]
        impl Store for $store {
            async fn load(&self, key: &str) -> Result<String, Fault> {
                tokio::task::yield_now().await;
                if key.is_empty() {
                    return Ok(key.to_owned());
                }
                Err(self.0.fail())
            }

            #[retry(attempts = 2)]
            async fn change(&mut self, by: u32) -> Result<u32, Fault> {
                self.1 += by;
                if self.1 > 3 {
                    return Ok(self.1);
                }
                Err(self.0.fail())
            }

            #[retry(clone(value))]
            async fn put(&self, mut value: Vec<u8>) -> Result<usize, Fault> {
                value.push(1);
                let all = value;
                if all.len() > 2 {
                    return Ok(all.len());
                }
                Err(self.0.fail())
            }

            #[retry(skip)]
            async fn drop_all(&self) -> Result<(), Fault> {
                Err(self.0.fail())
            }

            async fn size(&self) -> usize {
                self.1 as usize
            }
        }
    };
}

store!(Above, above = all(), below = any());
store!(Below, above = any(), below = all());

async fn drive(mut store: impl Store + 'static, faulty: fn(&dyn std::any::Any) -> &Faulty) {
    assert_eq!(store.load("").await, Ok(String::new()));
    faulty(&store).log.clear();
    assert_eq!(store.load("key").await, Err(Fault::Busy));
    let last = faulty(&store).log.events().pop().expect("an event");
    assert_eq!(last.kind, EventKind::MaxAttemptsExceeded);
    assert!(last.operation.ends_with("::load"), "{}", last.operation);
    assert_eq!(faulty(&store).runs(), (3, vec![1_000, 1_000]));
    assert_eq!(store.change(1).await, Err(Fault::Busy));
    assert_eq!(store.change(1).await, Ok(4));
    assert_eq!(faulty(&store).runs(), (3, vec![1_000, 1_000]));
    assert_eq!(store.put(vec![0]).await, Err(Fault::Busy));
    assert_eq!(faulty(&store).runs(), (3, vec![1_000, 1_000]));
    assert_eq!(store.put(vec![0, 0]).await, Ok(3));
    assert_eq!(store.drop_all().await, Err(Fault::Busy));
    assert_eq!(faulty(&store).runs(), (1, vec![]));
    assert_eq!(store.size().await, 4);
}

#[tokio::test(start_paused = true)]
async fn above_it_the_methods_are_plain() {
    let store = Above(Faulty::with(Fault::Busy), 0);
    drive(store, |store| {
        &store.downcast_ref::<Above>().expect("it is one").0
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn below_it_the_methods_are_boxed() {
    let store = Below(Faulty::with(Fault::Busy), 0);
    drive(store, |store| {
        &store.downcast_ref::<Below>().expect("it is one").0
    })
    .await;
}

#[tokio::test]
async fn futures_can_be_sent() {
    let store: Box<dyn Store + Send> = Box::new(Above(Faulty::with(Fault::Wrong), 0));
    let loaded = tokio::spawn(async move { store.load("key").await }).await;
    assert_eq!(loaded.expect("the task ran"), Err(Fault::Wrong));
}
