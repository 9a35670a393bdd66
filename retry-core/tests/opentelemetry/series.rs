//! The fixed script, compared with what is checked in. After a change that is meant: `UPDATE_EXPECT=1 cargo test`.

use expect_test::expect_file;

use crate::backend::{Metrics, Traces, text_of_span};
use crate::script;
use crate::support::on_tokio;

#[test]
fn the_script_has_these_spans() {
    let traces = Traces::new();
    on_tokio(script::run(&traces.observer()));
    let spans: Vec<String> = traces.spans().iter().map(text_of_span).collect();
    expect_file!["golden/spans.txt"].assert_eq(&spans.join("\n"));
}

#[test]
fn the_script_has_these_series() {
    let metrics = Metrics::new();
    on_tokio(script::run(&metrics.observer()));
    // The registry is everybody's: what it shows has a test of its own.
    let told =
        |name: &str| !["circuit.state", "bulkhead.in_use", "budget.remaining"].contains(&name);
    expect_file!["golden/series.txt"].assert_eq(&metrics.series(told));
}
