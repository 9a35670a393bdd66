//! An outage with and without a circuit breaker.

use crate::{figures, printed_by};

/// A line of the table.
struct Line<'a> {
    up: bool,
    without: [usize; 2],
    with: [usize; 3],
    circuit: &'a str,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (_, line) = line.split_once(" s  ")?;
        let (service, _) = line.split_once(' ')?;
        let [requests, paid, ref with @ ..] = figures(line)[..] else {
            return None;
        };
        let circuit = line.rsplit("  ").next()?;
        Some(Self {
            up: service == "up",
            without: [requests, paid],
            with: with.try_into().ok()?,
            circuit,
        })
    }
}

#[test]
fn an_open_circuit_spares_a_service_that_is_down() {
    let printed = printed_by("circuit_breaker");
    let lines: Vec<Line<'_>> = printed.lines().filter_map(Line::parse).collect();
    assert_eq!(lines.iter().filter(|line| line.up).count(), 8);
    let down: Vec<&Line<'_>> = lines.iter().filter(|line| !line.up).collect();
    assert_eq!(down.len(), 8);

    for line in &lines {
        let [requests, paid, turned_away] = line.with;
        if line.up {
            assert_eq!(line.without, [20, 20], "each call is one request");
            assert_eq!((requests, paid + turned_away), (paid, 20));
        } else {
            assert_eq!(line.without, [60, 0], "each call is three requests");
            assert_eq!(paid, 0);
        }
    }
    assert_eq!(lines[0].with, [20, 20, 0], "a closed circuit takes nothing");
    assert_eq!(lines[0].circuit, "closed");
    assert!(down[0].circuit.starts_with("circuit_opened"));
    assert!(down.iter().any(|line| line.circuit.contains("half_open")));
    let last = lines.last().expect("there are lines");
    assert_eq!((last.with, last.circuit), ([20, 20, 0], "closed"));

    let comparison = printed
        .lines()
        .find(|line| line.contains("would have been made"));
    let comparison = figures(&comparison.expect("it is compared").replace(',', ""));
    let made = down.iter().map(|line| line.with[0]).sum();
    assert_eq!(comparison, [480, made]);
    assert!(
        made < 100,
        "five failures open it, and then there are probes"
    );
}
