//! Spans and metrics for `OpenTelemetry`.

mod attributes;
mod gauges;
mod instruments;
mod span;

use opentelemetry::InstrumentationScope;
use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::metrics::Meter;
use opentelemetry::trace::{Span, Tracer};

use self::instruments::Instruments;
use self::span::Spans;
use crate::event::{Event, Observer};

/// Tells OpenTelemetry of calls: in metrics, and in a span for each call that fails, be it for an attempt.
///
/// Install it for the whole process with [`set_global_observer`](crate::set_global_observer), or for a call with
/// [`observe`](crate::Call::observe) or the key `observe`. In both places it would tell everything twice. It works with the version of the
/// crate `opentelemetry` that this crate depends on, 0.33.
///
/// ```
/// use retry_core::observe::OpenTelemetryObserver;
/// use retry_core::set_global_observer;
/// use std::sync::LazyLock;
///
/// static OPEN_TELEMETRY: LazyLock<OpenTelemetryObserver> = LazyLock::new(OpenTelemetryObserver::global);
///
/// // Once the program has set its providers:
/// set_global_observer(&OPEN_TELEMETRY)?;
/// # Ok::<(), retry_core::GlobalObserverAlreadySet>(())
/// ```
///
/// # Spans
///
/// A call that succeeds at once has no span, unless [`every_call`](Self::every_call) asks for it. Any other has one, from the beginning of the
/// call to its end: its name is the operation, its kind is internal, its parent is the [`Context`](opentelemetry::Context) in which the call
/// runs. What happens in the attempts is not below it but next to it, as an observer cannot enter a span on behalf of a call.
///
/// | in the span | what |
/// |---|---|
/// | event `attempt` | one for each attempt that has ended: `retry.attempt` (from 1) and `retry.duration`; of a failure `error.type`, `retry.class`, `retry.cause`, `exception.type` and, if it is known, `exception.message`; `retry.delay` if another attempt follows |
/// | events `circuit_opened`, `circuit_half_open`, `circuit_closed` | what the call has done to its circuit `circuit.name` |
/// | event `contention_detected` | how long the call has waited (`bulkhead.wait`) for the bulkhead `bulkhead.name` |
/// | `retry.outcome` | `success`; `failure`; `dropped` if the future was dropped or an attempt panicked |
/// | `retry.attempts` | how many attempts were started |
/// | of a failure | status `Error`, with the reason and the error's text; `error.type`, `retry.stop_reason`, `retry.class`, `retry.cause`; `retry.guard` if a guard has ended the call |
///
/// As the semantic conventions have it, a call that succeeds after retries has neither an error status nor an `error.type`: only its attempts
/// tell of errors. A dropped call has no status, as only who has dropped it knows whether that is an error. Durations are in seconds.
///
/// `error.type` is the [class](crate::ErrorClass) of the last failure; `timeout` if that was a timeout; the [reason](crate::StopReason) of a call
/// that ended before anything failed, such as `circuit_open`. Nothing else, so its cardinality is low; the type of the error in Rust is in
/// `exception.type`. For an HTTP client, `http.request.resend_count` belongs to the span of each request: it is one less than
/// [`Attempt::number`](crate::Attempt::number).
///
/// # Metrics
///
/// | instrument | unit | attributes | in Prometheus |
/// |---|---|---|---|
/// | counter `retry.calls` | `{call}` | `operation`, `outcome`, `stop_reason` | `retry_calls_total` |
/// | counter `retry.attempts` | `{attempt}` | `operation`, `class`, `outcome` | `retry_attempts_total` |
/// | histogram `retry.delay` | `s` | `operation` | `retry_delay_seconds` |
/// | histogram `retry.call.duration` | `s` | `operation`, `outcome` | `retry_call_duration_seconds` |
/// | histogram `retry.attempts_per_call` | `{attempt}` | `operation`, `outcome` | `retry_attempts_per_call` |
/// | gauge `circuit.state` | | `name` | `circuit_state`: 0 closed, 1 half-open, 2 open |
/// | counter `circuit.transitions` | `{transition}` | `name`, `to` | `circuit_transitions_total` |
/// | gauge `bulkhead.in_use` | `{place}` | `name` | `bulkhead_in_use` |
/// | histogram `bulkhead.wait` | `s` | `name` | `bulkhead_wait_seconds` |
/// | gauge `budget.remaining` | `{retry}` | `name` | `budget_remaining` |
///
/// The attributes have the names of the labels in Prometheus. On spans, where they stand next to those of others, they begin with `retry.`.
/// One that does not apply is `none`. Only `error.type` is left out where nothing has failed, as the conventions have it; otherwise it
/// is on `retry.calls`, `retry.attempts` and `retry.call.duration`. The `outcome` of a call is `success` or `failure`; that of an attempt is
/// `success`, `error`, `value` or `timeout`. A call whose future is dropped is not counted, but its attempts are.
///
/// The gauges are read when metrics are collected, from the guards in the [`registry`](crate::registry): a `static` guard that a `#[retry]`
/// names is there from its first call on, any other once it is [registered](crate::registry::register). The counters and histograms know
/// every guard of the calls observed. Waits for a bulkhead that were over at once count as zero.
///
/// # What it costs
///
/// Nothing if it is not installed. Metrics take two counters and two histograms for a call that succeeds at once, and no allocation of
/// ours. Spans take a look at whether there is one for such a call; for another what the span holds, of which the error's text is made only
/// if the span is recorded.
#[derive(Debug, Default)]
pub struct OpenTelemetryObserver {
    spans: Option<Spans>,
    instruments: Option<Instruments>,
    every_call: bool,
}

impl OpenTelemetryObserver {
    /// Tells nobody yet: give it a [`tracer`](Self::tracer), a [`meter`](Self::meter), or both.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells a tracer and a meter called `retry-core` of the global providers, as they are now: set them first.
    #[must_use]
    pub fn global() -> Self {
        let scope = InstrumentationScope::builder("retry-core")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        Self::new()
            .tracer(global::tracer_with_scope(scope.clone()))
            .meter(&global::meter_with_scope(scope))
    }

    /// Makes spans with this tracer.
    ///
    /// ```
    /// use opentelemetry::trace::TracerProvider;
    /// use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
    /// use retry_core::{Backoff, Policy, observe::OpenTelemetryObserver};
    /// use std::io;
    ///
    /// let exporter = InMemorySpanExporter::default();
    /// let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    /// let observer = OpenTelemetryObserver::new().tracer(provider.tracer("shop"));
    ///
    /// const POLICY: Policy = Policy::new().attempts(3).backoff(Backoff::none());
    /// let call = POLICY.call("fetch_user").observe(&observer);
    /// let _ = call.run_blocking(|| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)));
    ///
    /// let spans = exporter.get_finished_spans()?;
    /// assert_eq!(spans[0].name, "fetch_user");
    /// assert_eq!(spans[0].events.len(), 3); // one for each attempt
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn tracer<T>(mut self, tracer: T) -> Self
    where
        T: Tracer + Send + Sync + 'static,
        T::Span: Span + Send + Sync + 'static,
    {
        self.spans = Some(Spans::new(BoxedTracer::new(Box::new(tracer))));
        self
    }

    /// Measures with this meter.
    ///
    /// The gauges of the guards last as long as the meter's provider, whatever becomes of the observer. Two observers may have the same
    /// meter.
    ///
    /// ```
    /// use opentelemetry::metrics::MeterProvider;
    /// use opentelemetry_sdk::metrics::SdkMeterProvider;
    /// use retry_core::observe::OpenTelemetryObserver;
    ///
    /// let provider = SdkMeterProvider::default(); // with a reader, in a real program
    /// let observer = OpenTelemetryObserver::new().meter(&provider.meter("shop"));
    /// # let _ = observer;
    /// ```
    #[must_use]
    pub fn meter(mut self, meter: &Meter) -> Self {
        gauges::register(meter);
        self.instruments = Some(Instruments::new(meter));
        self
    }

    /// Makes a span for every call, for one that succeeds at once too.
    #[must_use]
    pub const fn every_call(mut self) -> Self {
        self.every_call = true;
        self
    }
}

impl Observer for OpenTelemetryObserver {
    fn on_event(&self, event: &Event<'_>) {
        if let Some(instruments) = &self.instruments {
            instruments.record(event);
        }
        if let Some(spans) = &self.spans {
            spans.tell(event, self.every_call);
        }
    }
}
