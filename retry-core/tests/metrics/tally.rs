//! What a scrape has to show, counted from the events that a recorder has kept.

use std::collections::BTreeMap;

use retry_core::testing::RecordedEvent;
use retry_core::{ErrorClass, EventKind, StopReason};

use crate::scrape::{Labels, Scrape, labels};

/// The counters, and the counts and the sums of the histograms.
type Tally = BTreeMap<(String, Labels), f64>;

/// Every counter and histogram of the scrape has counted what the recorder has heard, no more and no less.
pub(crate) fn assert_agrees(
    prefix: &str,
    scrape: &Scrape,
    events: &[RecordedEvent],
    bulkhead_of: impl Fn(&str) -> &'static str,
) {
    let expected = expected(prefix, events, bulkhead_of);
    let shown = shown(scrape);
    assert_eq!(
        shown.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>()
    );
    for (series, value) in expected {
        let shown = shown[&series];
        let near = (shown - value).abs() <= value.abs() * 1e-9;
        assert!(near, "{series:?} is {shown}, not {value}");
    }
}

fn shown(scrape: &Scrape) -> Tally {
    let families = scrape
        .families
        .iter()
        .filter(|(_, family)| family.kind != "gauge");
    let samples = families.flat_map(|(_, family)| &family.samples);
    samples
        .filter(|sample| !sample.name.ends_with("_bucket"))
        .map(|sample| ((sample.name.clone(), sample.labels.clone()), sample.value))
        .collect()
}

fn expected(
    prefix: &str,
    events: &[RecordedEvent],
    bulkhead_of: impl Fn(&str) -> &'static str,
) -> Tally {
    let mut counted = Counted(Tally::new());
    for event in events {
        counted.call(event);
        if let Some(wait) = event.wait {
            let bulkhead = ("name", bulkhead_of(event.operation));
            counted.measure("bulkhead_wait_seconds", &[bulkhead], wait.as_secs_f64());
        }
        if let (Some(to), Some(circuit)) = (state_after(event.kind), &event.guard) {
            counted.add(
                "circuit_transitions_total",
                &[("name", circuit), ("to", to)],
                1.0,
            );
        }
    }
    let series = counted.0.into_iter();
    series
        .map(|((name, labels), value)| ((format!("{prefix}{name}"), labels), value))
        .collect()
}

struct Counted(Tally);

impl Counted {
    fn call(&mut self, event: &RecordedEvent) {
        let operation = ("operation", event.operation);
        let outcome = |failed| ("outcome", if failed { "failure" } else { "success" });
        match event.kind {
            EventKind::AttemptEnded => {
                let class = ("class", event.class.map_or("none", ErrorClass::as_str));
                let series = [operation, class, outcome(event.class.is_some())];
                self.add("retry_attempts_total", &series, 1.0);
            }
            EventKind::Retry => {
                let delay = event.delay.expect("it has one").as_secs_f64();
                self.measure("retry_delay_seconds", &[operation], delay);
            }
            kind if kind.is_terminal() => {
                let outcome = outcome(event.stop_reason.is_some());
                let reason = event.stop_reason.map_or("none", StopReason::as_str);
                let series = [operation, outcome, ("stop_reason", reason)];
                self.add("retry_calls_total", &series, 1.0);
                let series = [operation, outcome];
                let elapsed = event.elapsed.as_secs_f64();
                self.measure("retry_call_duration_seconds", &series, elapsed);
                self.measure("retry_attempts_per_call", &series, event.attempt.into());
            }
            _ => {}
        }
    }

    fn measure(&mut self, name: &str, of: &[(&str, &str)], value: f64) {
        self.add(&format!("{name}_count"), of, 1.0);
        self.add(&format!("{name}_sum"), of, value);
    }

    fn add(&mut self, name: &str, of: &[(&str, &str)], value: f64) {
        *self.0.entry((name.to_owned(), labels(of))).or_default() += value;
    }
}

fn state_after(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::CircuitOpened => Some("open"),
        EventKind::CircuitHalfOpen => Some("half_open"),
        EventKind::CircuitClosed => Some("closed"),
        _ => None,
    }
}
