//! `#[tracing::instrument]` next to ours, on functions and on methods of a block: where it stands says how many spans there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use retry_core::{retry, retry_methods};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, instrument};

use crate::fault::{Fault, Faulty};

/// Counts the spans.
#[derive(Clone, Default)]
struct Spans(Arc<AtomicU64>);

impl Subscriber for Spans {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// How many spans there were.
async fn spans<T>(run: impl Future<Output = T>) -> (T, u64) {
    let spans = Spans::default();
    let guard = tracing::subscriber::set_default(spans.clone());
    let value = run.await;
    drop(guard);
    (value, spans.0.load(Ordering::Relaxed))
}

struct Client(Faulty);

#[retry_methods(attempts = 3, backoff = none)]
impl Client {
    #[instrument(skip_all)]
    async fn plain(&self) -> Result<(), Fault> {
        Err(self.0.fail())
    }

    #[instrument(skip_all, fields(name = %name))]
    #[retry(attempts = 4, clone(name))]
    #[inline]
    async fn above(&self, name: String) -> Result<String, Fault> {
        if name.is_empty() {
            return Ok(name);
        }
        Err(self.0.fail())
    }

    #[retry(attempts = 2)]
    #[instrument(skip_all)]
    fn below(&self) -> Result<(), Fault> {
        Err(self.0.fail())
    }
}

#[tokio::test]
async fn a_method_of_a_block_has_one_span_for_each_call() {
    let client = Client(Faulty::with(Fault::Busy));
    assert_eq!(spans(client.plain()).await, (Err(Fault::Busy), 1));
    assert_eq!(client.0.runs().0, 3);
    let above = spans(client.above("name".to_owned())).await;
    assert_eq!(above, (Err(Fault::Busy), 1));
    assert_eq!(client.0.runs().0, 4);
    let below = spans(async { client.below() }).await;
    assert_eq!(below, (Err(Fault::Busy), 1));
    assert_eq!(client.0.runs().0, 2);
}

#[tokio::test]
async fn with_retry_on_top_the_call_has_one_span() {
    #[retry(backoff = none, clone(name))]
    #[instrument(skip_all)]
    async fn run(name: String, faulty: &Faulty) -> Result<String, Fault> {
        let consumed = name;
        faulty.fail();
        if consumed.is_empty() {
            return Ok(consumed);
        }
        Err(Fault::Busy)
    }
    let faulty = Faulty::with(Fault::Busy);
    let ran = spans(run("name".to_owned(), &faulty)).await;
    assert_eq!(ran, (Err(Fault::Busy), 1));
    assert_eq!(faulty.runs().0, 3);
}

#[tokio::test]
async fn with_instrument_on_top_each_attempt_has_one() {
    #[instrument(skip_all)]
    #[retry(backoff = none)]
    fn run(faulty: &Faulty) -> Result<(), Fault> {
        Err(faulty.fail())
    }
    let faulty = Faulty::with(Fault::Busy);
    let ran = spans(async { run(&faulty) }).await;
    assert_eq!(ran, (Err(Fault::Busy), 3));
}
