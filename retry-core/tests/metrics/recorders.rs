//! Recorders: which of them gets what, and what they may do.

use std::sync::{Arc, LazyLock, Mutex};

use metrics::{
    Counter, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    with_local_recorder,
};
use retry_core::Bulkhead;
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
        scrape(&exporter).sum("recorders_retry_calls_total", &[("operation", "fetch")])
    };
    assert_eq!(counted(1), Some(1.0));
    assert_eq!(counted(3), Some(3.0));
}

/// A recorder that notes the units, and does something of its own when it is asked for a series, or when a gauge is set.
#[derive(Default)]
struct Stage {
    units: Mutex<Vec<(String, Option<Unit>)>>,
    sources: Mutex<Vec<String>>,
    asked_for: Option<fn(&str)>,
    gauge: Option<Arc<Needle>>,
}

impl Stage {
    fn note(&self, name: &KeyName, unit: Option<Unit>) {
        let mut units = self.units.lock().expect("no panic");
        units.push((name.as_str().to_owned(), unit));
    }

    fn ask(&self, key: &Key, metadata: &Metadata<'_>) {
        let source = format!(
            "{} {:?} {:?}",
            metadata.target(),
            metadata.level(),
            metadata.module_path()
        );
        self.sources.lock().expect("no panic").push(source);
        if let Some(act) = self.asked_for {
            act(key.name());
        }
    }
}

impl Recorder for Stage {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.note(&name, unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.note(&name, unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.note(&name, unit);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.ask(key, metadata);
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.ask(key, metadata);
        self.gauge.clone().map_or_else(Gauge::noop, Gauge::from_arc)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.ask(key, metadata);
        Histogram::noop()
    }
}

#[test]
fn each_metric_is_described_with_its_unit() {
    let stage = Stage::default();
    let metrics = with_local_recorder(&stage, || MetricsObserver::with_prefix("units_"));
    drop(metrics.expect("nobody else has it"));
    let mut units = stage.units.into_inner().expect("no panic");
    units.sort_by(|(a, _), (b, _)| a.cmp(b));
    let expected = [
        ("budget_remaining", Unit::Count),
        ("bulkhead_in_use", Unit::Count),
        ("bulkhead_wait_seconds", Unit::Seconds),
        ("circuit_state", Unit::Count),
        ("circuit_transitions_total", Unit::Count),
        ("retry_attempts_per_call", Unit::Count),
        ("retry_attempts_total", Unit::Count),
        ("retry_call_duration_seconds", Unit::Seconds),
        ("retry_calls_total", Unit::Count),
        ("retry_delay_seconds", Unit::Seconds),
    ];
    assert_eq!(
        units,
        expected.map(|(name, unit)| (format!("units_{name}"), Some(unit)))
    );
}

#[test]
fn each_series_says_where_it_comes_from() {
    static POOL: Bulkhead = Bulkhead::new("sources", 1);
    let stage = Stage::default();
    let metrics = MetricsObserver::with_prefix("sources_").expect("nobody else has it");
    let call = AT_ONCE.call("fetch").bulkhead(&POOL).observe(&metrics);
    let fetched = with_local_recorder(&stage, || call.run_blocking(|| Ok::<_, Failure>(7)));
    assert_eq!(fetched, Ok(7));
    let mut sources = stage.sources.into_inner().expect("no panic");
    sources.dedup();
    // Recorders filter by these.
    let module = "retry_core::observe::metrics::family";
    assert_eq!(
        sources,
        [format!("retry_core Level(Info) Some({module:?})")]
    );
}

/// A gauge. Something happens just before it is set for the first time.
struct Needle {
    value: Mutex<f64>,
    before: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl GaugeFn for Needle {
    fn set(&self, value: f64) {
        let before = self.before.lock().expect("no panic").take();
        if let Some(act) = before {
            act();
        }
        *self.value.lock().expect("no panic") = value;
    }

    fn increment(&self, _: f64) {}

    fn decrement(&self, _: f64) {}
}

#[test]
fn a_gauge_is_set_again_if_others_were_quicker() {
    static POOL: Bulkhead = Bulkhead::new("database", 2);
    let other = POOL.try_acquire().expect("there is room");
    let needle = Arc::new(Needle {
        value: Mutex::new(0.0),
        // The other one leaves, and says so, between the look at the bulkhead and the gauge.
        before: Mutex::new(Some(Box::new(|| drop(other)))),
    });
    let stage = Stage {
        gauge: Some(Arc::clone(&needle)),
        ..Stage::default()
    };
    let metrics = MetricsObserver::with_prefix("quicker_").expect("nobody else has it");
    let call = AT_ONCE.call("query").bulkhead(&POOL).observe(&metrics);
    let during = with_local_recorder(&stage, || {
        call.run_blocking(|| Ok::<_, Failure>(*needle.value.lock().expect("no panic")))
    });
    assert_eq!(during, Ok(1.0));
}

#[test]
fn a_recorder_may_make_calls_of_its_own() {
    static METRICS: LazyLock<MetricsObserver> =
        LazyLock::new(|| MetricsObserver::with_prefix("own_").expect("nobody else has it"));
    static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let report_once = |name: &str| {
        let mut names = NAMES.lock().expect("no panic");
        names.push(name.to_owned());
        let first = names.len() == 1;
        drop(names);
        if first {
            let call = AT_ONCE.call("report").observe(&METRICS);
            assert_eq!(call.run_blocking(|| Ok::<_, Failure>(7)), Ok(7));
        }
    };
    let stage = Stage {
        asked_for: Some(report_once),
        ..Stage::default()
    };
    let call = AT_ONCE.call("fetch").observe(&METRICS);
    let fetched = with_local_recorder(&stage, || call.run_blocking(|| Ok::<_, Failure>(7)));
    assert_eq!(fetched, Ok(7));
    let names = NAMES.lock().expect("no panic");
    assert_eq!(names.len(), 2 * 4, "{names:?}");
}
