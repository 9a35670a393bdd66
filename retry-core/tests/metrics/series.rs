//! The series that come of the scenes.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use expect_test::expect_file;
use metrics::with_local_recorder;
use retry_core::observe::MetricsObserver;
use retry_core::testing::{RecordedEvent, Recorder};
use retry_core::{ErrorClass, StopReason};

use crate::scenes::play_all;
use crate::scrape::{Scrape, recorder, scrape};
use crate::tally;

/// What a scrape shows after the scenes, and what the calls have told besides.
static AFTERWARDS: LazyLock<(Scrape, Vec<RecordedEvent>)> = LazyLock::new(|| {
    let exporter = recorder();
    let kept = Arc::new(Recorder::new());
    with_local_recorder(&exporter, || {
        let metrics = MetricsObserver::new().expect("the only one");
        play_all(Box::leak(Box::new((metrics, Arc::clone(&kept)))));
    });
    (scrape(&exporter), kept.events())
});

#[test]
fn has_exactly_these_series() {
    let (scrape, _) = &*AFTERWARDS;
    expect_file!["series.txt"].assert_eq(&scrape.to_string());
}

#[test]
fn counts_what_a_recorder_has_heard() {
    let (scrape, events) = &*AFTERWARDS;
    tally::assert_agrees("", scrape, events, |_| "database");
}

#[test]
fn has_each_stop_reason() {
    let (scrape, _) = &*AFTERWARDS;
    let reasons: BTreeSet<&str> = scrape.families["retry_calls_total"]
        .samples
        .iter()
        .map(|sample| &sample.labels["stop_reason"][..])
        .collect();
    assert_eq!(reasons.len(), 11 + 1, "all of them, and none: {reasons:?}");
}

#[test]
fn gives_each_sample_of_a_metric_the_same_labels() {
    let (scrape, _) = &*AFTERWARDS;
    for (name, family) in &scrape.families {
        let sets: BTreeSet<Vec<String>> = family
            .samples
            .iter()
            .map(|sample| sample.base().into_keys().collect())
            .collect();
        assert_eq!(sets.len(), 1, "{name}: {sets:?}");
    }
}

/// No text and no type of an error, no number, nothing that grows: names that the source has, and words that the library has.
#[test]
fn labels_no_sample_with_what_differs_from_call_to_call() {
    let (scrape, events) = &*AFTERWARDS;
    let mut words = BTreeSet::from(["none", "success", "failure", "open", "half_open", "closed"]);
    words.extend(["payments", "retries", "database"]);
    for event in events {
        words.insert(event.operation);
        words.extend(event.class.map(ErrorClass::as_str));
        words.extend(event.stop_reason.map(StopReason::as_str));
    }
    for sample in scrape.samples() {
        for (label, value) in sample.base() {
            assert!(words.contains(&value[..]), "{label}={value}");
        }
    }
}
