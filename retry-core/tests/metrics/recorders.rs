//! Which recorder gets what.

use metrics::with_local_recorder;
use retry_core::observe::MetricsObserver;

use crate::scrape::{recorder, scrape};
use crate::support::{AT_ONCE, Failure};

#[test]
fn each_call_is_recorded_where_it_is_made() {
    let metrics = MetricsObserver::with_prefix("recorders_").expect("nobody else has it");
    let call = AT_ONCE.call("fetch").observe(&metrics);
    let fetch = || assert_eq!(call.run_blocking(|| Ok::<_, Failure>(7)), Ok(7));

    fetch(); // There is no recorder yet: nobody wants to know.
    let counted = |times: usize| {
        let exporter = recorder();
        with_local_recorder(&exporter, || {
            metrics.record_guards(); // Describes, too.
            (0..times).for_each(|_| fetch());
        });
        let scrape = scrape(&exporter);
        let of = [
            ("operation", "fetch"),
            ("outcome", "success"),
            ("stop_reason", "none"),
        ];
        scrape.value("recorders_retry_calls_total", &of)
    };
    assert_eq!(counted(1), Some(1.0));
    assert_eq!(counted(3), Some(3.0));
}
