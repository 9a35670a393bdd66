//! Two hundred calls at a time, each with calls in it: no span has anything of another.

use std::fmt;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use opentelemetry::Context;
use opentelemetry::trace::{FutureExt as _, SpanContext, TraceContextExt as _, Tracer as _};
use opentelemetry_sdk::trace::SpanData;
use retry_core::observe::OpenTelemetryObserver;
use retry_core::{Backoff, Classification, Classify, ErrorClass, Policy};

use crate::backend::{Traces, value};

const TASKS: u32 = 200;
const POLICY: Policy = Policy::new().attempts(8).backoff(Backoff::none());

/// An error that says in which attempt of which operation it was.
struct Failed(String);

impl Classify for Failed {
    fn classify(&self) -> Classification {
        ErrorClass::Transient.into()
    }
}

fn describe(error: &Failed, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    formatter.write_str(&error.0)
}

/// One of the tasks: a call, in each of whose attempts another call is made.
#[derive(Clone)]
struct Task {
    observer: Arc<OpenTelemetryObserver>,
    number: u32,
    outer: &'static str,
    inner: &'static str,
}

impl Task {
    fn new(observer: &Arc<OpenTelemetryObserver>, number: u32) -> Self {
        let name =
            |kind| -> &'static str { Box::leak(format!("{kind}-{number}").into_boxed_str()) };
        Self {
            observer: Arc::clone(observer),
            number,
            outer: name("outer"),
            inner: name("inner"),
        }
    }

    /// From 2 to 4, the last of which succeeds, or never ends in those that are dropped.
    const fn outer_attempts(&self) -> u32 {
        2 + self.number % 3
    }

    /// From 2 to 5, the last of which succeeds.
    const fn inner_attempts(&self) -> u32 {
        2 + self.number % 4
    }

    const fn is_dropped(&self) -> bool {
        self.number % 10 == 0
    }

    async fn run(self) {
        let stuck = AtomicU32::new(0);
        let attempts = AtomicU32::new(0);
        let call = POLICY
            .call(self.outer)
            .describe(describe)
            .observe(&*self.observer);
        let mut call = pin!(call.execute(async || {
            self.call_inner().await;
            let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
            if attempt < self.outer_attempts() {
                return fail(self.outer, attempt).await;
            }
            if self.is_dropped() {
                stuck.store(1, Ordering::Relaxed);
                pending::<()>().await;
            }
            Ok(())
        }));
        poll_fn(|context| match call.as_mut().poll(context) {
            Poll::Pending if stuck.load(Ordering::Relaxed) == 1 => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
            Poll::Ready(outcome) => {
                assert!(outcome.is_success());
                Poll::Ready(())
            }
        })
        .await;
    }

    async fn call_inner(&self) {
        let attempts = AtomicU32::new(0);
        let call = POLICY
            .call(self.inner)
            .describe(describe)
            .observe(&*self.observer);
        let outcome = call.execute(async || {
            let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
            if attempt < self.inner_attempts() {
                return fail(self.inner, attempt).await;
            }
            Ok(())
        });
        assert!(outcome.await.is_success());
    }
}

/// Lets others run before.
async fn fail(operation: &str, attempt: u32) -> Result<(), Failed> {
    tokio::task::yield_now().await;
    Err(Failed(format!("{operation} in attempt {attempt}")))
}

/// The attempts that a span tells of: their numbers, and the texts of their errors.
fn attempts(span: &SpanData) -> Vec<(String, Option<String>)> {
    let attempts = span.events.iter();
    attempts
        .map(|event| {
            assert_eq!(event.name, "attempt");
            let number = value(&event.attributes, "retry.attempt").unwrap();
            (number, value(&event.attributes, "exception.message"))
        })
        .collect()
}

/// Those of an operation whose attempts fail up to `failures`, and then succeed if `success`.
fn expected(operation: &str, failures: u32, success: bool) -> Vec<(String, Option<String>)> {
    let failed = (1..=failures).map(|number| {
        (
            number.to_string(),
            Some(format!("{operation} in attempt {number}")),
        )
    });
    let succeeded = success.then(|| ((failures + 1).to_string(), None));
    failed.chain(succeeded).collect()
}

#[test]
fn no_span_has_anything_of_another() {
    let traces = Traces::new();
    let observer = Arc::new(traces.observer());
    let roots: Vec<(Task, SpanContext)> = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .unwrap()
        .block_on(async {
            let mut running = Vec::new();
            for number in 0..TASKS {
                let task = Task::new(&observer, number);
                let context = Context::new().with_span(traces.tracer().start("root"));
                let root = context.span().span_context().clone();
                let run = tokio::spawn(task.clone().run().with_context(context));
                running.push((task, root, run));
            }
            let mut roots = Vec::new();
            for (task, root, run) in running {
                run.await.unwrap();
                roots.push((task, root));
            }
            roots
        });

    let spans = traces.spans();
    let mut told = 0;
    for (task, root) in roots {
        let of = |operation| {
            let spans = spans.iter().filter(move |span| span.name == operation);
            spans.collect::<Vec<_>>()
        };
        let (outer, inner) = (of(task.outer), of(task.inner));
        assert_eq!(outer.len(), 1);
        assert_eq!(inner.len(), task.outer_attempts() as usize);
        told += outer.len() + inner.len();
        for span in outer.iter().chain(&inner) {
            assert_eq!(span.parent_span_id, root.span_id());
            assert_eq!(span.span_context.trace_id(), root.trace_id());
        }
        let failures = task.outer_attempts() - 1;
        assert_eq!(
            attempts(outer[0]),
            expected(task.outer, failures, !task.is_dropped())
        );
        let outcome = value(&outer[0].attributes, "retry.outcome").unwrap();
        let ends = if task.is_dropped() {
            "dropped"
        } else {
            "success"
        };
        assert_eq!(outcome, ends);
        for span in inner {
            let failures = task.inner_attempts() - 1;
            assert_eq!(attempts(span), expected(task.inner, failures, true));
            let outcome = value(&span.attributes, "retry.outcome").unwrap();
            assert_eq!(outcome, "success");
        }
    }
    assert_eq!(told + TASKS as usize, spans.len(), "and nobody's beside");
}
