//! Waits that something else has ended.

use metrics::with_local_recorder;
use retry_core::observe::MetricsObserver;
use retry_core::{AbortSignal, Bulkhead, Policy};

use crate::scrape::{recorder, scrape};
use crate::support::{AT_ONCE, Failure, millis, on_tokio, secs};

fn waited(
    prefix: &str,
    policy: &Policy,
    abort: &AbortSignal,
    after: Option<u64>,
) -> (Option<f64>, Option<f64>) {
    let bulkhead = Bulkhead::new("database", 1).wait(secs(10));
    let exporter = recorder();
    with_local_recorder(&exporter, || {
        let metrics = MetricsObserver::with_prefix(prefix).expect("nobody else has it");
        on_tokio(async {
            let inside = bulkhead.try_acquire();
            let call = policy
                .call("query")
                .bulkhead(&bulkhead)
                .abort(abort)
                .observe(&metrics);
            let stop = async {
                if let Some(after) = after {
                    tokio::time::sleep(millis(after)).await;
                    abort.abort();
                }
            };
            let (result, ()) = tokio::join!(call.run(async || Ok::<_, Failure>(7)), stop);
            assert!(result.is_err());
            drop(inside);
        });
    });
    let scrape = scrape(&exporter);
    let of = [("name", "database")];
    let value = |name: &str| scrape.value(&format!("{prefix}bulkhead_wait_seconds_{name}"), &of);
    (value("count"), value("sum"))
}

#[test]
fn a_wait_that_an_abort_ends_is_measured() {
    let measured = waited("wait_abort_", &AT_ONCE, &AbortSignal::new(), Some(250));
    assert_eq!(measured, (Some(1.0), Some(0.25)));
}

#[test]
fn a_wait_that_the_deadline_ends_is_measured() {
    let policy = AT_ONCE.deadline(millis(500));
    let measured = waited("wait_deadline_", &policy, &AbortSignal::new(), None);
    assert_eq!(measured, (Some(1.0), Some(0.5)));
}
