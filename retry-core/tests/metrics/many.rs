//! Operations, be they few or many.

use std::hint::black_box;

use metrics::{NoopRecorder, with_local_recorder};
use retry_core::observe::MetricsObserver;
use retry_core::{Event, Observer};

use crate::allocations::allocations;
use crate::scrape::{recorder, scrape};
use crate::support::{AT_ONCE, Failure, TRANSIENT};

fn observer(prefix: &str) -> MetricsObserver {
    MetricsObserver::with_prefix(prefix).expect("nobody else has it")
}

#[test]
fn each_of_many_operations_has_its_series() {
    const MANY: u32 = 300;
    let exporter = recorder();
    with_local_recorder(&exporter, || {
        let metrics = observer("many_");
        for number in (0..MANY).chain(0..MANY) {
            let operation = format!("operation {number}").leak();
            let call = AT_ONCE.call(operation).observe(&metrics);
            assert_eq!(call.run_blocking(|| Ok::<_, Failure>(7)), Ok(7));
        }
    });
    let scrape = scrape(&exporter);
    for number in 0..MANY {
        let operation = format!("operation {number}");
        let calls = scrape.sum("many_retry_calls_total", &[("operation", &operation)]);
        assert_eq!(calls, Some(2.0), "{operation}");
    }
}

/// What a call that succeeds at once allocates, and one that fails.
fn allocated(observer: &dyn Observer) -> (u64, u64) {
    let call = AT_ONCE.call("fetch").observe(observer);
    (
        allocations(|| call.run_blocking(|| Ok::<_, Failure>(black_box(7)))),
        allocations(|| call.run_blocking(|| Err::<(), _>(TRANSIENT))),
    )
}

#[test]
fn a_series_is_allocated_once() {
    let metrics = observer("allocated_");
    let nobody = |_: &Event<'_>| {};
    with_local_recorder(&NoopRecorder, || {
        assert_ne!(allocated(&metrics), allocated(&nobody));
        assert_eq!(allocated(&metrics), allocated(&nobody));
    });
}
