//! One span for each call.

use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;
use opentelemetry::global::{BoxedSpan, BoxedTracer};
use opentelemetry::trace::{self, Span, SpanKind, Status, Tracer};

use super::attributes::{ERROR_TYPE, becomes, error_type, named, outcome_of_call};
use crate::breaker::CircuitBreaker;
use crate::bulkhead::Bulkhead;
use crate::class::Cause;
use crate::event::{Event, EventKind, text_of};
use crate::outcome::StopReason;

/// The event for an attempt that has ended.
const ATTEMPT: &str = "attempt";

#[derive(Debug)]
pub(super) struct Spans(BoxedTracer);

/// What there is to tell of a call.
struct CallSpan {
    /// When the call began.
    start: SystemTime,
    /// When something was last heard of it.
    latest: SystemTime,
    /// How many attempts were started.
    attempts: u32,
    /// Once there is reason for one, until it has ended.
    span: Option<BoxedSpan>,
    /// What has to wait: until there is a span, and an attempt until it is known whether another follows.
    waiting: Vec<trace::Event>,
}

impl Spans {
    pub(super) fn new(tracer: BoxedTracer) -> Self {
        Self(tracer)
    }

    pub(super) fn tell(&self, event: &Event<'_>, every_call: bool) {
        if !every_call && !is_remarkable(event) && event.has_no_state() {
            return;
        }
        event.with_state(self, |state: &mut Option<CallSpan>| {
            if every_call || state.is_some() || is_remarkable(event) {
                let call = state.get_or_insert_with(|| CallSpan::new(event));
                self.tell_in(call, event, every_call);
            }
            if event.kind.is_terminal() {
                *state = None;
            }
        });
    }

    fn tell_in(&self, call: &mut CallSpan, event: &Event<'_>, every_call: bool) {
        call.latest = call.latest.max(call.time(event.elapsed));
        match event.kind {
            EventKind::AttemptStarted => {
                call.attempts = event.attempt;
                if every_call {
                    self.open(call, event);
                }
            }
            EventKind::AttemptEnded => {
                if event.class.is_some() {
                    self.open(call, event);
                }
                call.note(ATTEMPT, event, attempt);
            }
            EventKind::ContentionDetected => call.note(event.kind.as_str(), event, contention),
            kind if becomes(kind).is_some() => call.note(kind.as_str(), event, circuit),
            EventKind::Retry => {
                call.add_delay(event.delay);
                call.flush();
            }
            EventKind::Success => call.finish(event),
            _ => {
                self.open(call, event);
                call.finish(event);
            }
        }
    }

    /// Sees to it that the call has a span.
    fn open(&self, call: &mut CallSpan, event: &Event<'_>) {
        if call.span.is_none() {
            let builder = self.0.span_builder(event.operation);
            let builder = builder
                .with_kind(SpanKind::Internal)
                .with_start_time(call.start);
            call.span = Some(self.0.build(builder));
        }
    }
}

/// Whether the call, if it has been nothing special until now, is from now on.
fn is_remarkable(event: &Event<'_>) -> bool {
    match event.kind {
        EventKind::AttemptStarted | EventKind::Success => false,
        EventKind::AttemptEnded => event.class.is_some(),
        _ => true,
    }
}

impl CallSpan {
    fn new(event: &Event<'_>) -> Self {
        let now = SystemTime::now();
        let start = now.checked_sub(event.elapsed).unwrap_or(now);
        Self {
            start,
            latest: start,
            attempts: event.attempt,
            span: None,
            waiting: Vec::new(),
        }
    }

    /// The wall clock may be set meanwhile; the call's own goes on.
    fn time(&self, elapsed: Duration) -> SystemTime {
        self.start.checked_add(elapsed).unwrap_or(self.latest)
    }

    /// Notes an event, unless nobody will read it.
    fn note(
        &mut self,
        name: &'static str,
        event: &Event<'_>,
        attributes: impl FnOnce(&Event<'_>) -> Vec<KeyValue>,
    ) {
        if self.span.as_ref().is_none_or(Span::is_recording) {
            let event = trace::Event::new(name, self.latest, attributes(event), 0);
            self.waiting.push(event);
        }
    }

    /// Another attempt follows on the one that has ended.
    fn add_delay(&mut self, delay: Option<Duration>) {
        let mut waiting = self.waiting.iter_mut().rev();
        let attempt = waiting.find(|event| event.name == ATTEMPT);
        if let Some((attempt, delay)) = attempt.zip(delay) {
            attempt.attributes.push(seconds("retry.delay", delay));
        }
    }

    fn flush(&mut self) {
        if let Some(span) = &mut self.span {
            for event in self.waiting.drain(..) {
                span.add_event_with_timestamp(event.name, event.timestamp, event.attributes);
            }
        }
    }

    /// The call has ended.
    fn finish(&mut self, event: &Event<'_>) {
        self.attempts = event.attempt;
        let recording = self.span.as_mut().filter(|span| span.is_recording());
        let mut details = Vec::new();
        if let Some((span, reason)) = recording.zip(event.stop_reason) {
            span.set_status(Status::error(description(event, reason)));
            details = failure(event, reason);
        }
        self.end(outcome_of_call(event), details, self.latest);
    }

    fn end(&mut self, outcome: &'static str, details: Vec<KeyValue>, at: SystemTime) {
        self.flush();
        if let Some(mut span) = self.span.take() {
            span.set_attribute(KeyValue::new("retry.outcome", outcome));
            span.set_attribute(KeyValue::new("retry.attempts", i64::from(self.attempts)));
            span.set_attributes(details);
            span.end_with_timestamp(at);
        }
    }
}

/// With the call, before its end if that has not been told.
impl Drop for CallSpan {
    fn drop(&mut self) {
        if self.span.is_some() {
            let now = SystemTime::now().max(self.latest);
            self.end("dropped", Vec::new(), now);
        }
    }
}

/// Of an attempt that has ended.
fn attempt(event: &Event<'_>) -> Vec<KeyValue> {
    let mut attributes = vec![KeyValue::new("retry.attempt", i64::from(event.attempt))];
    let duration = event.duration.unwrap_or_default();
    attributes.push(seconds("retry.duration", duration));
    attributes.extend(what_failed(event));
    if let Some(error_type) = event.error_type {
        attributes.push(KeyValue::new("exception.type", error_type));
    }
    if let Some(text) = event.error.and_then(text_of) {
        attributes.push(KeyValue::new("exception.message", text));
    }
    attributes
}

/// Of a call that has failed.
fn failure(event: &Event<'_>, reason: StopReason) -> Vec<KeyValue> {
    let mut attributes = vec![KeyValue::new("retry.stop_reason", reason.as_str())];
    attributes.extend(what_failed(event));
    if let Some(guard) = event.guard {
        attributes.push(KeyValue::new("retry.guard", guard.to_owned()));
    }
    attributes
}

fn what_failed(event: &Event<'_>) -> impl Iterator<Item = KeyValue> {
    let error_type = error_type(event).map(|error_type| KeyValue::new(ERROR_TYPE, error_type));
    let class = event
        .class
        .map(|class| KeyValue::new("retry.class", class.as_str()));
    let cause = event
        .cause
        .map(|cause| KeyValue::new("retry.cause", cause.as_str()));
    error_type.into_iter().chain(class).chain(cause)
}

/// Of a transition.
fn circuit(event: &Event<'_>) -> Vec<KeyValue> {
    let breaker = event.breaker.map(CircuitBreaker::identity);
    let name = breaker.map(|breaker| named("circuit.name", breaker));
    name.into_iter().collect()
}

/// Of a wait that was long.
fn contention(event: &Event<'_>) -> Vec<KeyValue> {
    let bulkhead = event.bulkhead.map(Bulkhead::identity);
    let name = bulkhead.map(|bulkhead| named("bulkhead.name", bulkhead));
    let wait = event.delay.map(|wait| seconds("bulkhead.wait", wait));
    name.into_iter().chain(wait).collect()
}

/// The span's status, for people.
fn description(event: &Event<'_>, reason: StopReason) -> String {
    let plural = if event.attempt == 1 { "" } else { "s" };
    let stop = format!("{reason} after {} attempt{plural}", event.attempt);
    match (event.error.and_then(text_of), event.cause, event.guard) {
        (Some(text), ..) => format!("{stop}: {text}"),
        (None, Some(Cause::Timeout), _) => format!("{stop}: the last one timed out"),
        (None, Some(Cause::Value), _) => format!("{stop}: the last value was not acceptable"),
        (None, _, Some(guard)) => format!("{stop}: `{guard}`"),
        (None, ..) => stop,
    }
}

fn seconds(key: &'static str, duration: Duration) -> KeyValue {
    KeyValue::new(key, duration.as_secs_f64())
}
