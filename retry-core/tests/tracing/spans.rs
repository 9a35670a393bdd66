//! Whose span is whose: parents, nested and concurrent calls, and when a span opens and closes.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};

use retry_core::testing::ManualClock;
use retry_core::{CircuitBreaker, Observer, Policy};
use tracing::instrument::{Instrument, WithSubscriber};
use tracing::subscriber::with_default;
use tracing::{Dispatch, Level, Span, info_span};

use crate::recorded::{Recorded, RecordedSpan};
use crate::support::{AT_ONCE, EACH_SECOND, Failure, Script, TRANSIENT, on_tokio};
use crate::{EVERY_CALL, TRACING};

/// What a call tells from its first failure on that fails once and then succeeds.
const ONE_RETRY: [&str; 5] = [
    "attempt_ended",
    "retry",
    "attempt_started",
    "attempt_ended",
    "success",
];

/// What a failed call with two attempts tells from its first failure on.
const TWO_FAILURES: [&str; 5] = [
    "attempt_ended",
    "retry",
    "attempt_started",
    "attempt_ended",
    "max_attempts_exceeded",
];

const TWO: Policy = AT_ONCE.attempts(2);

/// What is told in `run`, on virtual time.
fn record(run: impl FnOnce()) -> Recorded {
    let _installed = ManualClock::new().install();
    let recorded = Recorded::default();
    with_default(recorded.subscriber(), run);
    recorded
}

fn fail() -> Result<(), Failure> {
    Err(TRANSIENT)
}

fn call_that_fails(operation: &'static str) {
    let call = TWO.call(operation).observe(TRACING);
    let _ = call.execute_blocking(fail);
}

/// Name, operation, and the parent's place.
fn outline(span: &RecordedSpan) -> (&'static str, Option<&str>, Option<usize>) {
    (span.name, span.fields.get("operation"), span.parent)
}

#[track_caller]
fn assert_outlines(recorded: &Recorded, outlines: &[(&str, Option<&str>, Option<usize>)]) {
    let spans = recorded.spans();
    assert_eq!(spans.iter().map(outline).collect::<Vec<_>>(), outlines);
    assert!(spans.iter().all(|span| span.closed), "{spans:?}");
}

// When there is one.

#[test]
fn a_success_at_the_first_attempt_has_no_span_and_no_event() {
    let recorded = record(|| {
        let call = TWO.call("fetch").observe(TRACING);
        let _ = call.execute_blocking(|| Ok::<_, Failure>(7));
    });
    assert_outlines(&recorded, &[]);
    assert!(recorded.events().is_empty());
}

#[test]
fn a_call_has_a_span_from_its_first_failure_on() {
    let recorded = record(|| {
        let script = Script::new([Err(TRANSIENT), Ok(7)]);
        let call = TWO.call("fetch").observe(TRACING);
        let _ = call.execute_blocking(|| {
            assert_eq!(
                Span::current().metadata(),
                None,
                "the operation is not in it"
            );
            script.attempt()
        });
    });
    assert_outlines(&recorded, &[("retry", Some("fetch"), None)]);
    assert_eq!(recorded.events_in(Some(0)), ONE_RETRY);
    assert_eq!(recorded.spans()[0].level, Level::WARN);
}

#[test]
fn every_call_has_a_span_from_its_beginning_on_if_asked_for() {
    let recorded = record(|| {
        let _entered = info_span!("request").entered();
        let call = TWO.call("fetch").observe(EVERY_CALL);
        let _ = call.execute_blocking(|| Ok::<_, Failure>(7));
    });
    assert_outlines(
        &recorded,
        &[("request", None, None), ("retry", Some("fetch"), Some(0))],
    );
    assert_eq!(
        recorded.events_in(Some(1)),
        ["attempt_started", "attempt_ended", "success"]
    );
    let span = &recorded.spans()[1];
    assert_eq!(span.level, Level::INFO);
    assert_eq!(
        span.fields.to_string(),
        "attempts=1 elapsed=0.0 operation=fetch outcome=success"
    );
}

#[test]
fn a_span_closes_with_the_call_and_not_only_with_its_future() {
    let recorded = Recorded::default();
    with_default(recorded.subscriber(), || {
        let call = TWO.call("fetch").observe(TRACING);
        let mut running = pin!(call.run(async || fail()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(running.as_mut().poll(&mut context).is_ready());
        assert!(recorded.spans()[0].closed);
    });
}

/// Polls a call once, drops it, and gives the fields of its span; there may be none.
fn dropped(observer: &'static dyn Observer, policy: &Policy, fails: usize) -> Vec<String> {
    let recorded = record(|| {
        let script = Script::new(vec![Err(TRANSIENT); fails + 1]);
        let call = policy.call("fetch").observe(observer);
        on_tokio(async {
            let mut running = pin!(call.run(async || match script.runs() {
                runs if runs < fails => script.attempt(),
                _ => pending::<Result<u8, Failure>>().await,
            }));
            let mut context = Context::from_waker(Waker::noop());
            assert!(running.as_mut().poll(&mut context).is_pending());
        });
    });
    let spans = recorded.spans().into_iter();
    spans
        .map(|span| {
            assert!(span.closed);
            span.fields.to_string()
        })
        .collect()
}

#[test]
fn a_dropped_future_closes_its_span_and_says_so() {
    assert!(dropped(TRACING, &AT_ONCE, 0).is_empty());
    assert_eq!(
        dropped(TRACING, &AT_ONCE, 1),
        ["attempts=2 operation=fetch outcome=dropped"]
    );
    assert_eq!(
        dropped(TRACING, &EACH_SECOND, 1),
        ["attempts=1 operation=fetch outcome=dropped"]
    );
    assert_eq!(
        dropped(EVERY_CALL, &AT_ONCE, 0),
        ["attempts=1 operation=fetch outcome=dropped"]
    );
}

#[test]
fn a_panic_of_the_operation_closes_its_span_as_dropped() {
    let recorded = record(|| {
        let script = Script::new([Err(TRANSIENT), Ok(7)]);
        let call = TWO.call("fetch").observe(TRACING);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _ = call.execute_blocking(|| match script.attempt() {
                Ok(7) => panic!("an operation panics"),
                result => result,
            });
        }));
        assert!(panicked.is_err());
    });
    assert_outlines(&recorded, &[("retry", Some("fetch"), None)]);
    assert_eq!(
        recorded.spans()[0].fields.to_string(),
        "attempts=2 operation=fetch outcome=dropped"
    );
}

// Whose it is.

#[test]
fn nested_calls_have_a_span_each_in_that_of_their_caller() {
    let recorded = record(|| {
        let _entered = info_span!("request").entered();
        let call = TWO.call("outer").observe(TRACING);
        let _ = call.execute_blocking(|| {
            let _entered = info_span!("attempt").entered();
            call_that_fails("inner");
            fail()
        });
    });
    assert_outlines(
        &recorded,
        &[
            ("request", None, None),
            ("attempt", None, Some(0)),
            ("retry", Some("inner"), Some(1)),
            ("retry", Some("outer"), Some(0)),
            ("attempt", None, Some(0)),
            ("retry", Some("inner"), Some(4)),
        ],
    );
    for call in [2, 3, 5] {
        assert_eq!(recorded.events_in(Some(call)), TWO_FAILURES);
    }
}

#[test]
fn what_a_circuit_tells_by_itself_is_in_the_current_span_and_has_none_of_its_own() {
    let recorded = record(|| {
        let _entered = info_span!("request").entered();
        let breaker = CircuitBreaker::new("payments").consecutive(2);
        let breaker = breaker.observe(TRACING);
        let call = TWO.call("pay").breaker(&breaker);
        let _ = call.execute_blocking(fail);
    });
    assert_outlines(&recorded, &[("request", None, None)]);
    assert_eq!(recorded.events_in(Some(0)), ["circuit_opened"]);
}

#[test]
fn two_observers_of_one_call_have_a_span_each() {
    let recorded = record(|| {
        let call = TWO.call("fetch").observe(TRACING).observe(EVERY_CALL);
        let _ = call.execute_blocking(fail);
    });
    assert_eq!(recorded.spans().len(), 2);
    assert_eq!(recorded.events_in(Some(1)), TWO_FAILURES);
}

#[test]
fn a_spawned_task_brings_its_own_span_or_none() {
    let recorded = Recorded::default();
    let tasks = async {
        let request = info_span!("request");
        let with = async { call_that_fails("with") }.instrument(request.clone());
        tokio::spawn(with.with_current_subscriber()).await?;
        let without = async { call_that_fails("without") }.with_current_subscriber();
        request.in_scope(|| tokio::spawn(without)).await
    };
    on_tokio(tasks.with_subscriber(recorded.subscriber())).expect("no panic");
    assert_outlines(
        &recorded,
        &[
            ("request", None, None),
            ("retry", Some("with"), Some(0)),
            ("retry", Some("without"), None),
        ],
    );
}

#[test]
fn two_calls_in_one_task_take_turns_without_taking_each_others_span() {
    let recorded = record(|| {
        on_tokio(async {
            let call = |operation| {
                let span = info_span!("request", operation);
                let call = async move {
                    let call = EACH_SECOND.call(operation).observe(TRACING);
                    call.execute(async || fail()).await
                };
                call.instrument(span)
            };
            let _ = tokio::join!(call("left"), call("right"));
        });
    });
    let spans = recorded.spans();
    assert_eq!(spans.len(), 4);
    for (place, span) in spans
        .iter()
        .enumerate()
        .filter(|(_, span)| span.name == "retry")
    {
        let parent = &spans[span.parent.expect("the caller's span")];
        assert_eq!(parent.fields.get("operation"), span.fields.get("operation"));
        assert_eq!(recorded.events_in(Some(place)).len(), 8);
    }
}

#[test]
fn two_hundred_concurrent_nested_calls_have_their_own_attempts_only() {
    const CALLS: usize = 200;
    let recorded = Recorded::default();
    let subscriber = Dispatch::new(recorded.subscriber());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .expect("a runtime");
    let tasks: Vec<_> = (0..CALLS)
        .map(|number| runtime.spawn(nested_calls(number).with_subscriber(subscriber.clone())))
        .collect();
    for task in tasks {
        runtime.block_on(task).expect("no panic");
    }

    let (spans, events) = (recorded.spans(), recorded.events());
    let mut attempts_in = vec![Vec::new(); spans.len()];
    for event in &events {
        let span = event.span.expect("every event is in its call's span");
        let operation = spans[span].fields.get("operation");
        assert_eq!(event.fields.get("operation"), operation);
        attempts_in[span].push((event.name, event.fields.get("attempt").expect("a number")));
    }
    let mut calls = (0, 0);
    for (span, attempts) in spans.iter().zip(attempts_in) {
        assert!(span.closed);
        let Some(parent) = span.parent else {
            assert!(attempts.is_empty(), "no call tells in its caller's span");
            continue;
        };
        let operation = span.fields.get("operation").expect("a name");
        let (call, number) = operation.split_once(' ').expect("a number");
        assert_eq!(spans[parent].fields.get("number"), Some(number));
        let retries = if call == "outer" {
            calls.0 += 1;
            3
        } else {
            calls.1 += 1;
            2
        };
        assert_eq!(attempts, success_after(retries));
    }
    assert_eq!(calls, (CALLS, 4 * CALLS));
}

/// A call that succeeds at its fourth attempt; each attempt makes a call that succeeds at its third.
async fn nested_calls(number: usize) {
    let outer: &str = format!("outer {number}").leak();
    let inner: &str = format!("inner {number}").leak();
    let policy = AT_ONCE.attempts(4);
    let nested = policy.call(inner).observe(TRACING);
    let call = policy.call(outer).observe(TRACING);
    let outer_failures = Failing::times(3);
    let running = call.run(async || {
        let inner_failures = Failing::times(2);
        nested.run(async || inner_failures.attempt().await).await?;
        outer_failures.attempt().await
    });
    let result = running.instrument(info_span!("request", number)).await;
    assert_eq!(result, Ok(()));
}

/// An operation that fails so many times, and lets other tasks run meanwhile.
struct Failing(AtomicU32);

impl Failing {
    fn times(failures: u32) -> Self {
        Self(AtomicU32::new(failures))
    }

    async fn attempt(&self) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        if left == 0 { Ok(()) } else { fail() }
    }
}

/// What a call tells from its first failure on that succeeds after so many retries.
fn success_after(retries: usize) -> Vec<(&'static str, &'static str)> {
    const NUMBERS: [&str; 4] = ["1", "2", "3", "4"];
    let failed = NUMBERS[..retries].iter().zip(&NUMBERS[1..]);
    let mut events: Vec<_> = failed
        .flat_map(|(failed, next)| {
            [
                ("attempt_ended", *failed),
                ("retry", *failed),
                ("attempt_started", *next),
            ]
        })
        .collect();
    let last = NUMBERS[retries];
    events.extend([("attempt_ended", last), ("success", last)]);
    events
}
