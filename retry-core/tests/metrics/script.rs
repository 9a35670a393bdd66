//! A fixed script of calls, on virtual time, and the series that come of it.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use expect_test::expect_file;
use metrics::with_local_recorder;
use retry_core::observe::MetricsObserver;
use retry_core::testing::{RecordedEvent, Recorder};
use retry_core::{
    AbortSignal, Backoff, Budget, Bulkhead, CircuitBreaker, ClassRule, ErrorClass, Policy,
    SleepDecision, StopReason,
};

use crate::scrape::{Scrape, recorder, scrape};
use crate::support::{
    AT_ONCE, EACH_SECOND, Failure, PERMANENT, RATE_LIMIT, Script, TRANSIENT, UNKNOWN, millis,
    on_tokio, secs,
};
use crate::tally;

/// How long an attempt takes. In a fraction that a float has, as all times here.
const LONG: Duration = millis(250);

const FAILS: Result<u8, Failure> = Err(TRANSIENT);

/// Makes a call with a behaviour or two, and says how it ended. Its attempts follow a script.
macro_rules! run {
    ($call:expr, $($result:expr),+) => {{
        let script = Script::new([$($result),+]);
        let call = $call;
        let outcome = call.execute(async || {
            tokio::time::sleep(LONG).await;
            script.attempt()
        });
        outcome.await.stop_reason()
    }};
}

/// Who watches the calls.
struct Watch<'o> {
    metrics: &'o MetricsObserver,
    kept: &'o Recorder,
}

/// A call that is watch.
macro_rules! call {
    ($watch:ident, $policy:expr, $operation:literal) => {
        $policy
            .call($operation)
            .observe($watch.metrics)
            .observe($watch.kept)
    };
}

impl Watch<'_> {
    async fn successes(&self) {
        const DELAYS: Policy = Policy::new().backoff(Backoff::schedule(&[secs(1), secs(2)]));
        assert_eq!(
            run!(call!(self, DELAYS, "at_once"), Ok::<_, Failure>(7)),
            None
        );
        assert_eq!(
            run!(
                call!(self, DELAYS, "in_the_end"),
                FAILS,
                Err(RATE_LIMIT),
                Ok(7)
            ),
            None
        );
    }

    async fn stops_by_policy(&self) {
        let end = run!(call!(self, EACH_SECOND, "last_attempt"), FAILS);
        assert_eq!(end, Some(StopReason::MaxAttemptsGlobal));

        let capped = EACH_SECOND.class(ErrorClass::RateLimit, ClassRule::new().attempts(2));
        let end = run!(call!(self, capped, "class_cap"), Err::<u8, _>(RATE_LIMIT));
        assert_eq!(end, Some(StopReason::MaxAttemptsPerClass));

        let end = run!(call!(self, EACH_SECOND, "unknown"), Err::<u8, _>(UNKNOWN));
        assert_eq!(end, Some(StopReason::MaxUnknownAttempts));

        let deadline = EACH_SECOND.deadline(secs(2));
        let end = run!(call!(self, deadline, "too_late"), FAILS);
        assert_eq!(end, Some(StopReason::DeadlineExceeded));

        let end = run!(
            call!(self, EACH_SECOND, "permanent"),
            Err::<u8, _>(PERMANENT)
        );
        assert_eq!(end, Some(StopReason::NonRetryableClass));

        let no_backoff = Policy::new().no_backoff();
        let end = run!(call!(self, no_backoff, "no_backoff"), FAILS);
        assert_eq!(end, Some(StopReason::NoStrategy));

        let timeout = EACH_SECOND.attempts(2).attempt_timeout(millis(125));
        let end = run!(call!(self, timeout, "timeout"), FAILS);
        assert_eq!(end, Some(StopReason::MaxAttemptsGlobal));
    }

    async fn stops_by_behaviours(&self) {
        let not_seven = call!(self, EACH_SECOND, "value").retry_until(|value| *value == 7);
        assert_eq!(run!(not_seven, Ok::<_, Failure>(6), Ok(7)), None);

        let later = call!(self, EACH_SECOND, "later").on_sleep(|_, _| SleepDecision::Defer);
        assert_eq!(run!(later, FAILS), Some(StopReason::Scheduled));

        let signal = AbortSignal::new();
        signal.abort();
        let aborted = call!(self, EACH_SECOND, "aborted").abort(&signal);
        assert_eq!(
            run!(aborted, Ok::<_, Failure>(7)),
            Some(StopReason::Aborted)
        );
    }

    async fn budget(&self) {
        let budget = Budget::new("retries").per_window(3, secs(60));
        let call = call!(self, EACH_SECOND, "budgeted").budget(&budget);
        let end = run!(&call, FAILS);
        assert_eq!(end, Some(StopReason::MaxAttemptsGlobal));
        let end = run!(&call, FAILS);
        assert_eq!(end, Some(StopReason::BudgetExhausted));
    }

    /// Opens, turns away, lets a probe through, which fails; and another one, which closes it.
    async fn circuit(&self) {
        let circuit = CircuitBreaker::new("payments")
            .consecutive(3)
            .open_for(secs(10));
        let call = call!(self, AT_ONCE, "pay").breaker(&circuit);
        let end = run!(&call, FAILS);
        assert_eq!(end, Some(StopReason::MaxAttemptsGlobal));
        assert_eq!(
            run!(&call, Ok::<_, Failure>(7)),
            Some(StopReason::CircuitOpen)
        );
        tokio::time::sleep(secs(10)).await;
        let end = run!(&call, FAILS);
        assert_eq!(end, Some(StopReason::CircuitOpen));
        tokio::time::sleep(secs(10)).await;
        assert_eq!(run!(&call, Ok::<_, Failure>(7)), None);
    }

    /// One is inside; the next one waits so long that it counts as contention, and one more in vain.
    async fn bulkhead(&self) {
        let bulkhead = Bulkhead::new("database", 1)
            .wait(millis(500))
            .contention_after(millis(100));
        let query = || async {
            run!(
                call!(self, AT_ONCE, "query").bulkhead(&bulkhead),
                Ok::<_, Failure>(7)
            )
        };
        let ends = tokio::join!(query(), query(), query(), query());
        assert_eq!(ends, (None, None, None, Some(StopReason::BulkheadFull)));
    }
}

/// What a scrape shows after the script, and what the calls have told besides.
static AFTERWARDS: LazyLock<(Scrape, Vec<RecordedEvent>)> = LazyLock::new(|| {
    let exporter = recorder();
    let kept = Recorder::new();
    with_local_recorder(&exporter, || {
        let metrics = MetricsObserver::new().expect("the only one");
        let watch = Watch {
            metrics: &metrics,
            kept: &kept,
        };
        on_tokio(async {
            watch.successes().await;
            watch.stops_by_policy().await;
            watch.stops_by_behaviours().await;
            watch.budget().await;
            watch.circuit().await;
            watch.bulkhead().await;
        });
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
