//! What becomes of the scenes, compared with what is checked in.

use expect_test::expect_file;

use crate::backend::{Metrics, Traces};
use crate::scenes::{SCENES, play_all};

#[test]
fn the_scenes_have_these_spans() {
    let traces = Traces::new();
    let observer = Box::leak(Box::new(traces.observer()));
    let transcript: String = SCENES
        .iter()
        .map(|scene| scene.transcript(observer, || traces.take_text()))
        .collect();
    expect_file!["golden/spans.txt"].assert_eq(&transcript);
}

#[test]
fn the_scenes_have_these_series() {
    let metrics = Metrics::new();
    play_all(Box::leak(Box::new(metrics.observer())));
    // The registry is everybody's: what it shows has a test of its own.
    let told =
        |name: &str| !["circuit.state", "bulkhead.in_use", "budget.remaining"].contains(&name);
    expect_file!["golden/series.txt"].assert_eq(&metrics.series(told));
}
