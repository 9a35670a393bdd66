//! Two traces and the metrics.

use crate::printed_by;

/// The lines of a part: from the one that begins so to the next that is indented no more.
fn part<'a>(printed: &'a str, beginning: &str) -> Vec<&'a str> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut lines = printed.lines();
    let first = lines
        .find(|line| line.trim_start().contains(beginning))
        .unwrap_or_else(|| panic!("no line with `{beginning}` in:\n{printed}"));
    let below = lines.take_while(|line| depth(line) > depth(first).max(4));
    [first].into_iter().chain(below).collect()
}

fn trace(printed: &str, number: usize) -> &str {
    let beginning = format!("Trace {number}: POST /orders\n");
    let (_, trace) = printed.split_once(&beginning).expect("a trace");
    let end = trace.find("Trace").or(trace.find("The metrics"));
    &trace[..end.expect("metrics follow")]
}

#[test]
fn a_trace_shows_what_was_tried_again_and_what_failed() {
    let printed = printed_by("opentelemetry");
    let (first, second) = (trace(&printed, 1), trace(&printed, 2));
    assert!(
        !first.contains("reserve_stock"),
        "a success at once has no span"
    );

    let charge = part(first, "  charge_card  no error");
    assert!(charge[1].contains("retry.outcome=success retry.attempts=3"));
    assert!(charge[2].contains("retry.attempt=1") && charge[2].contains("503 Service"));
    assert!(charge[3].contains("retry.attempt=2") && charge[3].contains("error.type=timeout"));
    assert!(charge[4].contains("retry.attempt=3") && !charge[4].contains("error.type"));
    assert_eq!(charge.len(), 5);
    assert!(
        !second.contains("charge_card"),
        "the second time it succeeds at once"
    );

    let receipt = part(
        first,
        "  send_receipt  ERROR non_retryable_class after 1 attempt: 404",
    );
    assert!(receipt[1].contains("error.type=permanent"));
    assert_eq!(receipt.len(), 3, "one attempt");

    let update = part(
        first,
        "  update_search_index  ERROR circuit_open after 3 attempts: 500",
    );
    assert!(update[5].contains("circuit_opened  circuit.name=search"));
    let update = part(
        second,
        "  update_search_index  ERROR circuit_open after 0 attempts",
    );
    assert_eq!(update.len(), 2, "no attempt");
}

#[test]
fn the_metrics_count_the_same() {
    let printed = printed_by("opentelemetry");
    for series in [
        "2  name=search",
        "2  operation=reserve_stock outcome=success stop_reason=none",
        "2  operation=charge_card outcome=success stop_reason=none",
        "1  class=transient error.type=timeout operation=charge_card outcome=timeout",
        "3  class=server_error error.type=server_error operation=update_search_index outcome=error",
        "0.040 in 2  operation=charge_card",
        "1  name=search to=open",
    ] {
        let found = printed.lines().filter(|line| line.trim() == series);
        assert_eq!(found.count(), 1, "{series} in:\n{printed}");
    }
}
