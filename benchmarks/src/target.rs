//! What this project is meant to reach, and whether it does.

use std::fmt::Write;

use crate::case::{self, Case};
use crate::figures::{Figures, Results};
use crate::report::Table;

/// Something that should not be exceeded.
struct Target {
    what: &'static str,
    limit: f64,
    unit: &'static str,
    measure: fn(&Results) -> Option<f64>,
    /// Why it is, where it is.
    in_the_way: &'static str,
}

/// A figure that two targets compare.
type Figure = fn(&Figures) -> Option<f64>;

const OURS: [&str; 2] = ["retry_attribute", "retry_call"];

const TARGETS: &[Target] = &[
    Target {
        what: "success_sync over bare",
        limit: 2.0,
        unit: "ns",
        measure: |results| worst(|ours| over_bare(results, case::SUCCESS_SYNC, ours)),
        in_the_way: "",
    },
    Target {
        what: "success_sync: overhead to backon's",
        limit: 0.25,
        unit: "",
        measure: |results| to_overhead_of_backon(results, case::SUCCESS_SYNC),
        in_the_way: "",
    },
    Target {
        what: "success_async over bare",
        limit: 10.0,
        unit: "ns",
        measure: |results| worst(|ours| over_bare(results, case::SUCCESS_ASYNC, ours)),
        in_the_way: "",
    },
    Target {
        what: "success_async: overhead to backon's",
        limit: 0.4,
        unit: "",
        measure: |results| to_overhead_of_backon(results, case::SUCCESS_ASYNC),
        in_the_way: "",
    },
    Target {
        what: "success_async: the attribute to the call",
        limit: 1.0,
        unit: "",
        measure: |results| {
            let ns = |subject| ns(results, case::SUCCESS_ASYNC, subject);
            Some(ns("retry_attribute")? / ns("retry_call")?)
        },
        in_the_way: "",
    },
    Target {
        what: "two_failures_then_success to backon",
        limit: 0.5,
        unit: "",
        measure: |results| to_backon(results, case::TWO_FAILURES_THEN_SUCCESS, Figures::ns),
        in_the_way: "the operation itself is a quarter of backon's time. Of the rest, callgrind puts half into the first attempt: saving registers, making the call and its future, and looking at the switches of the process. A failure that is retried at once is 38 instructions with `Call` and 46 with the attribute, which find that nobody watches, its class, its hint and how many there may be.",
    },
    Target {
        what: "two_failures_then_success_sync to backon",
        limit: 0.5,
        unit: "",
        measure: |results| to_backon(results, case::TWO_FAILURES_THEN_SUCCESS_SYNC, Figures::ns),
        in_the_way: "",
    },
    Target {
        what: "hundred_failures to backon",
        limit: 0.6,
        unit: "",
        measure: |results| to_backon(results, case::HUNDRED_FAILURES, Figures::ns),
        in_the_way: "callgrind: 38 instructions of ours for each failure with `Call` and 46 with the attribute, of which a dozen keep and look up the state of an async block and the rest find that nobody watches, the class, its hint and how many there may be.",
    },
    Target {
        what: "hundred_failures_sync to backon",
        limit: 0.6,
        unit: "",
        measure: |results| to_backon(results, case::HUNDRED_FAILURES_SYNC, Figures::ns),
        in_the_way: "",
    },
    Target {
        what: "success_async: future over bare",
        limit: 64.0,
        unit: "bytes",
        measure: |results| worst(|ours| future_over_bare(results, ours)),
        in_the_way: "",
    },
    Target {
        what: "blocks for any success at the first attempt",
        limit: 0.0,
        unit: "blocks",
        measure: blocks_for_success,
        in_the_way: "",
    },
    Target {
        what: "asleep_100k: blocks beyond the task's own",
        limit: 1.0,
        unit: "blocks",
        measure: |results| {
            let blocks = |subject| results.find(case::ASLEEP_100K, subject)?.allocations;
            worst(|ours| Some(blocks(ours)? - blocks("bare")?))
        },
        in_the_way: "",
    },
    Target {
        what: "breaker_one_thread to recloser",
        limit: 0.8,
        unit: "",
        measure: |results| guard_to(results, case::BREAKER_ONE_THREAD, &["recloser"]),
        in_the_way: "",
    },
    Target {
        what: "rate_breaker_one_thread to recloser",
        limit: 0.8,
        unit: "",
        measure: |results| guard_to(results, case::RATE_BREAKER_ONE_THREAD, &["recloser"]),
        in_the_way: "",
    },
    Target {
        what: "breaker_four_threads to recloser",
        limit: 1.0,
        unit: "",
        measure: |results| guard_to(results, case::BREAKER_FOUR_THREADS, &["recloser"]),
        in_the_way: "",
    },
    Target {
        what: "rate_breaker_four_threads to recloser",
        limit: 1.0,
        unit: "",
        measure: |results| guard_to(results, case::RATE_BREAKER_FOUR_THREADS, &["recloser"]),
        in_the_way: "",
    },
    Target {
        what: "success_with_budget over success_async",
        limit: 5.0,
        unit: "ns",
        measure: |results| {
            let ns = |case, subject| ns(results, case, subject);
            worst(|ours| {
                Some(ns(case::SUCCESS_WITH_BUDGET, ours)? - ns(case::SUCCESS_ASYNC, ours)?)
            })
        },
        in_the_way: "callgrind: 41 instructions more through the attribute and 62 with `Call`. They write what a call holds of its guards, count the first attempt in one atomic step, and look whether first attempts wait for their date. What is held is in the future, 64 bytes that have to be written.",
    },
    Target {
        what: "bulkhead_one_thread to the best of tokio's semaphore and the peers",
        limit: 0.8,
        unit: "",
        measure: |results| {
            let best = ["tokio", "tower", "tower-resilience", "execution-policy"];
            guard_to(results, case::BULKHEAD_ONE_THREAD, &best)
        },
        in_the_way: "",
    },
    Target {
        what: "success_with_everything",
        limit: 100.0,
        unit: "ns",
        measure: |results| worst(|ours| ns(results, case::SUCCESS_WITH_EVERYTHING, ours)),
        in_the_way: "",
    },
    Target {
        what: "clean_build_processor to backon and tracing",
        limit: 1.2,
        unit: "",
        measure: |results| {
            let ns = |subject| ns(results, case::CLEAN_BUILD_PROCESSOR, subject);
            Some(ns("retry_attribute")? / ns("backon and tracing")?)
        },
        in_the_way: "both build syn and tokio; syn's `full`, without which no closure and no signature can be parsed, is a third of its time. The rest is code generation for two crates, spread over all their modules: the compiler's own profile puts LLVM at 0.8 s of the runtime and 1.0 s of the macros.",
    },
    Target {
        what: "clean_build to backon and tracing",
        limit: 1.2,
        unit: "",
        measure: |results| {
            let ns = |subject| ns(results, case::CLEAN_BUILD, subject);
            Some(ns("retry_attribute")? / ns("backon and tracing")?)
        },
        in_the_way: "the macros wait for syn, which is built for both programs and is done 3.2 s after the beginning of both. By cargo's timings of a build, ours then take 1.8 s, and those of tracing 0.6 s; the runtime, a crate of its own, takes 2.5 s beside them. Both processors are busy all the time, so that only less to compile would help.",
    },
    Target {
        what: "machine_code_per_site to backon",
        limit: 1.0,
        unit: "",
        measure: |results| {
            to_backon(results, case::MACHINE_CODE_PER_SITE, |figures| {
                figures.bytes
            })
        },
        in_the_way: "",
    },
    Target {
        what: "machine_code_per_site_sync to backon",
        limit: 1.0,
        unit: "",
        measure: |results| {
            to_backon(results, case::MACHINE_CODE_PER_SITE_SYNC, |figures| {
                figures.bytes
            })
        },
        in_the_way: "",
    },
];

/// The targets that these results can say something about.
#[must_use]
pub(crate) fn table(results: &Results) -> Table {
    let rows = TARGETS.iter().filter_map(|target| {
        let value = (target.measure)(results)?;
        let amount = |value: f64| format!("{value:.2} {}", target.unit).trim_end().to_owned();
        Some(vec![
            target.what.to_owned(),
            if value <= target.limit {
                "reached"
            } else {
                "missed"
            }
            .to_owned(),
            amount(value),
            amount(target.limit),
        ])
    });
    Table {
        head: vec!["target", "", "measured", "at most"],
        rows: rows.collect(),
    }
}

/// What stands in the way of those that are missed.
#[must_use]
pub(crate) fn explanations(results: &Results) -> String {
    let mut text = String::new();
    for target in TARGETS {
        let missed = (target.measure)(results).is_some_and(|value| value > target.limit);
        if missed && !target.in_the_way.is_empty() {
            let _ = write!(text, "\n**{}**: {}\n", target.what, target.in_the_way);
        }
    }
    text
}

fn ns(results: &Results, case: Case, subject: &str) -> Option<f64> {
    results.find(case, subject)?.ns()
}

/// Of the attribute and the call.
fn worst(of: impl Fn(&'static str) -> Option<f64>) -> Option<f64> {
    OURS.into_iter().filter_map(of).max_by(f64::total_cmp)
}

fn over_bare(results: &Results, case: Case, subject: &str) -> Option<f64> {
    Some(ns(results, case, subject)? - ns(results, case, "bare")?)
}

fn to_overhead_of_backon(results: &Results, case: Case) -> Option<f64> {
    let theirs = over_bare(results, case, "backon")?;
    worst(|ours| Some(over_bare(results, case, ours)? / theirs))
}

fn to_backon(results: &Results, case: Case, figure: Figure) -> Option<f64> {
    let theirs = figure(results.find(case, "backon")?)?;
    worst(|ours| Some(figure(results.find(case, ours)?)? / theirs))
}

/// A guard on its own, to the best of these.
fn guard_to(results: &Results, case: Case, peers: &[&str]) -> Option<f64> {
    let theirs = peers.iter().filter_map(|peer| ns(results, case, peer));
    Some(ns(results, case, "retry_guard")? / theirs.min_by(f64::total_cmp)?)
}

#[expect(clippy::cast_precision_loss, reason = "no future is that large")]
fn future_over_bare(results: &Results, subject: &str) -> Option<f64> {
    let bytes = |subject| results.find(case::SUCCESS_ASYNC, subject)?.future_bytes;
    Some(bytes(subject)? as f64 - bytes("bare")? as f64)
}

/// Of ours, with nothing configured and with everything; but for an attempt that is pending, whose timeout needs a timer.
fn blocks_for_success(results: &Results) -> Option<f64> {
    let cases = [
        case::SUCCESS_SYNC,
        case::SUCCESS_ASYNC,
        case::SUCCESS_WITH_DEADLINE,
        case::SUCCESS_WITH_TIMEOUT_READY,
        case::SUCCESS_WITH_JITTER,
        case::SUCCESS_WITH_BREAKER,
        case::SUCCESS_WITH_RATE_BREAKER,
        case::SUCCESS_WITH_BUDGET,
        case::SUCCESS_WITH_BULKHEAD,
        case::SUCCESS_WITH_EVERYTHING,
    ];
    let ours = cases.into_iter().flat_map(|case| results.of(case));
    ours.filter(|figures| OURS.contains(&figures.subject))
        .filter_map(|figures| figures.allocations)
        .max_by(f64::total_cmp)
}
