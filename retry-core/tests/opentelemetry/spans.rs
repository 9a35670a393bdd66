//! When a call has a span, whose child it is, and what becomes of it when things go wrong.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context as TaskContext, Waker};
use std::time::SystemTime;

use opentelemetry::Context;
use opentelemetry::trace::{
    FutureExt as _, SpanId, Status, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use retry_core::observe::OpenTelemetryObserver;
use retry_core::testing::ManualClock;
use retry_core::{Bulkhead, CircuitBreaker};

use crate::backend::{Traces, text_of_span, value};
use crate::support::{
    AT_ONCE, EACH_HOUR, Failure, PERMANENT, Script, TRANSIENT, on_tokio, poll_once, secs,
};

fn fails() -> Result<u8, Failure> {
    Err(TRANSIENT)
}

fn describe(error: &Failure, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(formatter, "{error:?}")
}

// Which calls have one.

#[test]
fn a_call_that_succeeds_at_once_has_a_span_only_if_every_call_has() {
    let traces = Traces::new();
    for (observer, spans) in [(traces.observer(), 0), (traces.observer().every_call(), 1)] {
        let call = AT_ONCE.call("fetch").observe(&observer);
        assert!(call.run_blocking(|| Ok::<_, Failure>(7)).is_ok());
        assert_eq!(traces.spans().len(), spans);
    }
    let span = &traces.spans()[0];
    assert_eq!(value(&span.attributes, "retry.outcome").unwrap(), "success");
    assert_eq!(span.events.len(), 1, "its attempt");
    assert_eq!(span.status, Status::Unset);
}

#[test]
fn with_a_span_for_every_call_a_call_that_fails_has_no_other_span() {
    let traces = Traces::new();
    let clock = ManualClock::new();
    for observer in [traces.observer(), traces.observer().every_call()] {
        let call = AT_ONCE.call("fetch").observe(&observer).describe(describe);
        let _ = call.clock(&clock).run_blocking(fails);
        let call = AT_ONCE.call("fetch").observe(&observer).abort(&|| true);
        let _ = call.clock(&clock).run_blocking(fails);
    }
    let spans: Vec<String> = traces.spans().iter().map(text_of_span).collect();
    assert_eq!(spans[..2], spans[2..]);
}

#[test]
fn contention_alone_is_no_reason_for_a_span_but_every_call_shows_it() {
    let traces = Traces::new();
    for (observer, spans) in [(traces.observer(), 0), (traces.observer().every_call(), 1)] {
        on_tokio(async {
            let bulkhead = Bulkhead::new("database", 1).wait(secs(9));
            let inside = bulkhead.try_acquire().unwrap();
            let call = AT_ONCE.call("query").bulkhead(&bulkhead).observe(&observer);
            let leave = async {
                tokio::time::sleep(secs(2)).await;
                drop(inside);
            };
            let queue = call.execute(async || Ok::<_, Failure>(7));
            assert!(tokio::join!(queue, leave).0.is_success());
        });
        assert_eq!(traces.spans().len(), spans);
    }
    let text = text_of_span(&traces.spans()[0]);
    assert!(
        text.contains("2s contention_detected bulkhead.name=database bulkhead.wait=2"),
        "{text}"
    );
}

// Its place in the trace.

#[test]
fn its_parent_is_the_span_in_which_the_call_runs() {
    let traces = Traces::new();
    let observer = traces.observer();
    let call = AT_ONCE.call("fetch").observe(&observer);

    let context = Context::current_with_span(traces.tracer().start("request"));
    let request = context.span().span_context().clone();
    let _ = poll_once(call.run(async || fails()).with_context(context));
    let _ = call.run_blocking(fails);

    let spans = traces.spans();
    let [below, request_span, alone] = &spans[..] else {
        panic!("there are three spans: {spans:?}");
    };
    assert_eq!(request_span.name, "request");
    assert_eq!(below.parent_span_id, request.span_id());
    assert_eq!(below.span_context.trace_id(), request.trace_id());
    assert_eq!(alone.parent_span_id, SpanId::INVALID);
}

#[test]
fn it_begins_with_the_call_though_it_is_made_when_something_fails() {
    let traces = Traces::new();
    let observer = traces.observer();
    let clock = ManualClock::new();
    let script = Script::new([fails()]).taking(secs(3600), &clock);
    let policy = AT_ONCE.attempts(1);
    let call = policy.call("fetch").clock(&clock).observe(&observer);
    let before = SystemTime::now();
    let _ = call.run_blocking(|| script.attempt());
    let after = SystemTime::now();
    let end = traces.spans()[0].start_time + secs(3600);
    assert!(before <= end && end <= after);
    assert_eq!(traces.spans()[0].end_time, end);
}

#[test]
fn a_call_within_a_call_has_a_span_of_its_own() {
    let traces = Traces::new();
    let observer = traces.observer();
    let (twice, once) = (AT_ONCE.attempts(2), AT_ONCE.attempts(1));
    let inner = once.call("inner").observe(&observer);
    let outer = twice.call("outer").observe(&observer);
    let _ = outer.run_blocking(|| {
        let _ = inner.run_blocking(|| Err::<u8, _>(PERMANENT));
        fails()
    });
    let spans = traces.spans();
    let told = spans.iter().map(|span| (&*span.name, span.events.len()));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [("inner", 1), ("inner", 1), ("outer", 2)]
    );
}

// When it ends without the call's end.

/// Polls it once and drops it.
fn abandon<F: Future>(future: F) {
    let mut context = TaskContext::from_waker(Waker::noop());
    assert!(pin!(future).poll(&mut context).is_pending());
}

#[test]
fn the_span_of_a_dropped_call_ends_and_says_so() {
    let traces = Traces::new();
    let observer = traces.observer();
    let clock = ManualClock::new();
    let call = EACH_HOUR.call("fetch").clock(&clock).sleeper(&clock);
    abandon(call.observe(&observer).execute(async || fails()));
    let spans = traces.spans();
    let [span] = &spans[..] else {
        panic!("there is one span: {spans:?}");
    };
    assert_eq!(value(&span.attributes, "retry.outcome").unwrap(), "dropped");
    assert_eq!(value(&span.attributes, "retry.attempts").unwrap(), "1");
    assert_eq!(value(&span.attributes, "error.type"), None);
    assert_eq!(span.status, Status::Unset, "who has dropped it knows why");
    assert_eq!(span.events.len(), 1);
    assert!(span.end_time >= span.events[0].timestamp);
}

#[test]
fn the_attempt_in_which_a_call_is_dropped_is_counted() {
    let traces = Traces::new();
    let observer = traces.observer();
    let call = AT_ONCE.call("fetch").observe(&observer);
    let attempts = Cell::new(0);
    let attempt = async || {
        attempts.set(attempts.get() + 1);
        match attempts.get() {
            1 => fails(),
            _ => pending().await,
        }
    };
    abandon(call.execute(attempt));
    let span = &traces.spans()[0];
    assert_eq!(value(&span.attributes, "retry.outcome").unwrap(), "dropped");
    assert_eq!(value(&span.attributes, "retry.attempts").unwrap(), "2");
}

#[test]
fn a_call_dropped_before_anything_has_failed_has_a_span_only_if_every_call_has() {
    let traces = Traces::new();
    for (observer, spans) in [(traces.observer(), 0), (traces.observer().every_call(), 1)] {
        let call = AT_ONCE.call("fetch").observe(&observer);
        abandon(call.execute(pending::<Result<u8, Failure>>));
        assert_eq!(traces.spans().len(), spans);
    }
    let span = &traces.spans()[0];
    assert_eq!(value(&span.attributes, "retry.outcome").unwrap(), "dropped");
}

#[test]
fn the_span_of_a_call_that_panics_ends() {
    let traces = Traces::new();
    let observer = traces.observer();
    let call = AT_ONCE.call("fetch").observe(&observer);
    let first = Cell::new(true);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        call.run_blocking(|| {
            assert!(first.replace(false), "the operation panics");
            fails()
        })
    }));
    assert!(panicked.is_err());
    let span = &traces.spans()[0];
    assert_eq!(value(&span.attributes, "retry.outcome").unwrap(), "dropped");
    assert_eq!(value(&span.attributes, "retry.attempts").unwrap(), "2");
}

// When nobody wants it, or the error is of no help.

#[test]
fn a_span_that_is_not_sampled_does_not_pay_for_the_text_of_errors() {
    for (sampler, texts) in [(Sampler::AlwaysOff, 0), (Sampler::AlwaysOn, 4)] {
        let provider = SdkTracerProvider::builder().with_sampler(sampler).build();
        let observer = OpenTelemetryObserver::new().tracer(provider.tracer("test"));
        let described = Cell::new(0);
        let call = AT_ONCE.call("fetch").observe(&observer);
        let call = call.describe(|error, formatter| {
            described.set(described.get() + 1);
            describe(error, formatter)
        });
        let _ = call.run_blocking(fails);
        assert_eq!(described.get(), texts, "of three attempts, and of the call");
    }
}

#[test]
fn an_error_whose_text_panics_is_told_without_it() {
    let traces = Traces::new();
    let observer = traces.observer();
    let call = AT_ONCE.call("fetch").observe(&observer);
    let call = call.describe(|_: &Failure, _| panic!("a description panics"));
    let _ = call.run_blocking(fails);
    let span = &traces.spans()[0];
    assert_eq!(span.events.len(), 3);
    assert_eq!(value(&span.events[0].attributes, "exception.message"), None);
    assert_eq!(
        span.status,
        Status::error("max_attempts_global after 3 attempts")
    );
}

#[test]
fn an_observer_with_neither_tracer_nor_meter_says_nothing() {
    let observer = OpenTelemetryObserver::new();
    let call = AT_ONCE.call("fetch").observe(&observer);
    assert!(call.run_blocking(fails).is_err());
}

#[test]
fn what_a_circuit_does_without_a_call_is_nobodys_span() {
    let traces = Traces::new();
    let observer: &'static _ = Box::leak(Box::new(traces.observer().every_call()));
    let breaker = CircuitBreaker::new("payments").observe(observer);
    breaker.force_open();
    breaker.reset();
    assert!(traces.spans().is_empty());
}
