//! What calls and guards do, as numbers, through the `metrics` facade.

mod claim;
mod family;
mod keys;
mod transitions;

use std::fmt;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Unit};

use self::claim::Claim;
pub use self::claim::MetricsError;
use self::family::Family;
use self::keys::Keys;
use self::transitions::Transitions;
use crate::breaker::{CircuitBreaker, CircuitState};
use crate::budget::Budget;
use crate::bulkhead::Bulkhead;
use crate::class::ErrorClass;
use crate::event::{self, Event, EventKind, GlobalObserverAlreadySet, Observer};
use crate::outcome::StopReason;
use crate::registry;
use crate::time::TimeSource;

/// Counts and measures through the [`metrics`](https://docs.rs/metrics) facade, behind which is the exporter of your choice.
///
/// [Install](Self::install) one for all calls of the process, or attach one to the calls that you want to see.
///
/// | metric | kind | labels | what |
/// |---|---|---|---|
/// | `retry_calls_total` | counter | `operation`, `outcome`, `stop_reason` | calls that have ended |
/// | `retry_attempts_total` | counter | `operation`, `class`, `outcome` | attempts that have ended |
/// | `retry_delay_seconds` | histogram | `operation` | the delays between attempts |
/// | `retry_call_duration_seconds` | histogram | `operation`, `outcome` | how long calls took, delays included |
/// | `retry_attempts_per_call` | histogram | `operation`, `outcome` | how many attempts calls started, 0 if they were stopped before |
/// | `circuit_state` | gauge | `name` | 0 closed, 1 half-open, 2 open |
/// | `circuit_transitions_total` | counter | `name`, `to` | how often a circuit became `open`, `half_open` or `closed` |
/// | `bulkhead_in_use` | gauge | `name` | how many are inside |
/// | `bulkhead_wait_seconds` | histogram | `name` | how long attempts waited to get in, or were made to wait in vain; 0 if they did not queue |
/// | `budget_remaining` | gauge | `name` | how many retries the budget would allow now |
///
/// `outcome` is `success` or `failure`. `class` is that of the attempt's [failure](ErrorClass::as_str), and `stop_reason` [why](StopReason::as_str)
/// the call ended; a success has `none`. Each sample of a metric has all of its labels. There are as many series as the source has operations
/// and guards: no text and no type of an error becomes a label. A guard that is named while the program runs adds its own.
///
/// A call that is dropped, or panics, has no end and is not counted; the attempts that it has ended are.
///
/// ```
/// use metrics_exporter_prometheus::PrometheusBuilder;
/// use retry_core::{Policy, observe::MetricsObserver};
///
/// // At start-up: an exporter, and what feeds it.
/// let prometheus = PrometheusBuilder::new().install_recorder()?;
/// let metrics = MetricsObserver::new()?.install()?;
///
/// const POLICY: Policy = Policy::new();
/// let user = POLICY.call("fetch_user").run_blocking(|| Ok::<_, std::io::Error>("Ada"));
/// # assert!(user.is_ok());
///
/// // When it is scraped:
/// metrics.record_guards();
/// let scrape = prometheus.render();
/// assert!(scrape.contains(r#"retry_calls_total{operation="fetch_user",outcome="success",stop_reason="none"} 1"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Gauges
///
/// The guards of a call are looked at when one of its attempts starts, when it is retried and when it ends, and a circuit when it changes. What
/// changes without that, as when a call is dropped inside a bulkhead, is seen by [`record_guards`](Self::record_guards): call it before each
/// scrape, or every few seconds if the exporter serves scrapes by itself.
///
/// # Counting once
///
/// Two observers of one prefix would count everything twice, so the second is refused. One may be attached to calls and circuits and be the
/// global one at the same time, and yet counts each call and each transition of a circuit once.
///
/// # Recorders
///
/// The recorder is asked for at each event: it may be installed later than the observer, and the calls that a thread makes in
/// `metrics::with_local_recorder` are recorded there. So the tests of a program can share one observer, in a `static`, and have a recorder each.
/// Metrics are described to the recorder of the moment when the observer is made, and in [`record_guards`](Self::record_guards).
///
/// # What it costs
///
/// What an exporter needs to find a series is made when the series is first used, and kept: for up to 256 operations, and as many circuits,
/// bulkheads and budgets. After that a call allocates nothing for it, whether it succeeds at once or is retried, unless a guard was named while
/// the program runs; what the exporter allocates is its own. A success at the first attempt records four samples: it has ended, so has its
/// attempt, how long it took, and how many attempts. A breaker and a budget add one each, and a bulkhead three.
pub struct MetricsObserver {
    claim: Claim,
    counted: Transitions,
    keys: Box<Keys>,
    calls: Family<Counter, 3>,
    attempts: Family<Counter, 3>,
    delays: Family<Histogram, 1>,
    durations: Family<Histogram, 2>,
    attempts_per_call: Family<Histogram, 2>,
    circuits: Family<Gauge, 1>,
    transitions: Family<Counter, 2>,
    bulkheads: Family<Gauge, 1>,
    waits: Family<Histogram, 1>,
    budgets: Family<Gauge, 1>,
}

/// The value of a label that does not apply.
const NONE: &str = "none";

const SUCCESS: &str = "success";
const FAILURE: &str = "failure";

/// How often a gauge is set for one event, see [`keep_up`].
const TRIES: u32 = 8;

impl MetricsObserver {
    /// An observer whose metrics have the names in the table.
    ///
    /// # Errors
    ///
    /// If there is one already, which has not been dropped: both would count the same.
    ///
    /// ```
    /// use retry_core::observe::MetricsObserver;
    ///
    /// let metrics = MetricsObserver::new()?;
    /// let error = MetricsObserver::new().unwrap_err();
    /// assert!(error.to_string().contains("count everything twice"));
    ///
    /// drop(metrics);
    /// assert!(MetricsObserver::new().is_ok());
    /// # Ok::<(), retry_core::observe::MetricsError>(())
    /// ```
    #[track_caller]
    pub fn new() -> Result<Self, MetricsError> {
        Self::with_prefix("")
    }

    /// An observer whose metrics have names that begin so, for a program that has such names already.
    ///
    /// # Errors
    ///
    /// If a metric's name cannot begin so, or if there is such an observer already, which has not been dropped. Letters, digits and `_` are
    /// allowed, and no digit first. Prometheus reserves `:` for recording rules.
    ///
    /// ```
    /// use retry_core::observe::MetricsObserver;
    ///
    /// let metrics = MetricsObserver::with_prefix("shop_")?; // shop_retry_calls_total
    /// # drop(metrics);
    ///
    /// let error = MetricsObserver::with_prefix("shop.").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "no metric can have a name that begins with \"shop.\", because of the '.'; \
    ///      use letters, digits and `_`, and no digit first, such as `shop_`"
    /// );
    /// # Ok::<(), retry_core::observe::MetricsError>(())
    /// ```
    #[track_caller]
    pub fn with_prefix(prefix: &str) -> Result<Self, MetricsError> {
        let claim = Claim::of(prefix)?;
        let observer = Self::named(claim, prefix);
        observer.describe();
        Ok(observer)
    }

    #[rustfmt::skip] // a table
    fn named(claim: Claim, prefix: &str) -> Self {
        use Unit::{Count, Seconds};
        Self {
            claim,
            counted: Transitions::default(),
            keys: Box::new(Keys::new()),
            calls: Family::new(prefix, "retry_calls_total", ["operation", "outcome", "stop_reason"], Count,
                "Calls that have ended, by how and why."),
            attempts: Family::new(prefix, "retry_attempts_total", ["operation", "class", "outcome"], Count,
                "Attempts that have ended, by how, and by the class of their failure."),
            delays: Family::new(prefix, "retry_delay_seconds", ["operation"], Seconds,
                "The delays between attempts."),
            durations: Family::new(prefix, "retry_call_duration_seconds", ["operation", "outcome"], Seconds,
                "How long calls took, delays included."),
            attempts_per_call: Family::new(prefix, "retry_attempts_per_call", ["operation", "outcome"], Count,
                "How many attempts calls started."),
            circuits: Family::new(prefix, "circuit_state", ["name"], Count,
                "What a circuit is: 0 closed, 1 half-open, 2 open."),
            transitions: Family::new(prefix, "circuit_transitions_total", ["name", "to"], Count,
                "How often a circuit became open, half-open or closed."),
            bulkheads: Family::new(prefix, "bulkhead_in_use", ["name"], Count,
                "How many are inside a bulkhead."),
            waits: Family::new(prefix, "bulkhead_wait_seconds", ["name"], Seconds,
                "How long attempts waited for a bulkhead."),
            budgets: Family::new(prefix, "budget_remaining", ["name"], Count,
                "How many retries a budget would allow."),
        }
    }

    /// Makes it the [global observer](crate::set_global_observer), for as long as the process lives.
    ///
    /// To have another global observer too, put the pair of them in a `static` and set that.
    ///
    /// # Errors
    ///
    /// If there is a global observer already. This one is dropped then.
    ///
    /// ```
    /// use retry_core::observe::MetricsObserver;
    ///
    /// let metrics = MetricsObserver::new()?.install()?;
    /// metrics.record_guards();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn install(self) -> Result<&'static Self, GlobalObserverAlreadySet> {
        event::install_global(self)
    }

    /// Looks at all guards in the [`registry`], and sets their gauges. Call it before a scrape.
    ///
    /// So guards are seen that no call uses at present, those that are used without calls, and what time alone has changed: an open circuit
    /// whose time is over counts as half-open, as it lets the next one pass.
    ///
    /// The facade has no way to take a gauge back, so the last values of a guard that is dropped stay until the exporter forgets what nobody sets any
    /// more: that of Prometheus with `idle_timeout(MetricKindMask::GAUGE, …)`, for longer than it is between two calls of this.
    ///
    /// ```
    /// use metrics_exporter_prometheus::PrometheusBuilder;
    /// use retry_core::{CircuitBreaker, observe::MetricsObserver, registry};
    ///
    /// static PAYMENTS: CircuitBreaker = CircuitBreaker::new("payments");
    ///
    /// let prometheus = PrometheusBuilder::new().install_recorder()?;
    /// let metrics = MetricsObserver::new()?;
    /// registry::register(&PAYMENTS)?;
    ///
    /// PAYMENTS.force_open();
    /// metrics.record_guards();
    /// assert!(prometheus.render().contains(r#"circuit_state{name="payments"} 2"#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record_guards(&self) {
        self.describe();
        let time = TimeSource::asynchronous();
        for breaker in registry::list::<CircuitBreaker>() {
            self.record_circuit(&breaker, time);
        }
        for budget in registry::list::<Budget>() {
            self.record_budget(&budget, time);
        }
        for bulkhead in registry::list::<Bulkhead>() {
            self.record_bulkhead(&bulkhead);
        }
    }

    fn describe(&self) {
        self.calls.describe();
        self.attempts.describe();
        self.delays.describe();
        self.durations.describe();
        self.attempts_per_call.describe();
        self.circuits.describe();
        self.transitions.describe();
        self.bulkheads.describe();
        self.waits.describe();
        self.budgets.describe();
    }
}

impl Observer for MetricsObserver {
    fn on_event(&self, event: &Event<'_>) {
        if let Some((breaker, to)) = event.breaker.zip(state_after(event.kind)) {
            self.record_transition(event, breaker, to);
        } else if self.is_news(event) {
            self.record_call(event);
            self.record_guards_of(event);
        }
    }
}

/// What it counts and measures.
impl MetricsObserver {
    /// Whether it has not been told already: as the call's own observer, and now as the global one.
    fn is_news(&self, event: &Event<'_>) -> bool {
        let Some(telling) = event.telling else {
            return true;
        };
        let bit = self.claim.bit();
        let noticed = telling.noticed.get();
        telling.noticed.set(noticed | bit);
        noticed & bit == 0
    }

    fn record_call(&self, event: &Event<'_>) {
        match event.kind {
            EventKind::AttemptEnded => self.record_attempt(event),
            EventKind::Retry => self.record_delay(event),
            kind if kind.is_terminal() => self.record_end(event),
            _ => {}
        }
    }

    fn record_attempt(&self, event: &Event<'_>) {
        let Event {
            operation, class, ..
        } = *event;
        let kept = self.keys.of_operation(operation);
        let kept = kept.map(|kept| kept.attempts(class));
        let outcome = outcome(class.is_none());
        let class = class.map_or(NONE, ErrorClass::as_str);
        let values = || [operation.into(), class.into(), outcome.into()];
        self.attempts.of(kept, values).increment(1);
    }

    fn record_delay(&self, event: &Event<'_>) {
        let operation = event.operation;
        let kept = self.keys.of_operation(operation).map(|kept| &kept.delays);
        let delay = event.delay.unwrap_or_default();
        self.delays.of(kept, || [operation.into()]).record(delay);
    }

    fn record_end(&self, event: &Event<'_>) {
        let operation = event.operation;
        let kept = self.keys.of_operation(operation);
        let success = event.kind == EventKind::Success;
        let outcome = outcome(success);
        let reason = event.stop_reason.map_or(NONE, StopReason::as_str);
        self.calls
            .of(kept.map(|kept| kept.calls(event.stop_reason)), || {
                [operation.into(), outcome.into(), reason.into()]
            })
            .increment(1);
        let values = || [operation.into(), outcome.into()];
        self.durations
            .of(kept.map(|kept| kept.durations(success)), values)
            .record(event.elapsed);
        self.attempts_per_call
            .of(kept.map(|kept| kept.attempts_per_call(success)), values)
            .record(event.attempt);
    }

    /// Where an event can be the only one to tell that a guard has changed.
    fn record_guards_of(&self, event: &Event<'_>) {
        let ends = event.kind.is_terminal();
        let leaves = ends || event.kind == EventKind::Retry;
        let time = time_of(event);
        if let Some(bulkhead) = event.bulkhead {
            if leaves || event.kind == EventKind::AttemptStarted {
                self.record_bulkhead(bulkhead);
            }
            if let Some(wait) = event.wait {
                self.record_wait(bulkhead, wait);
            }
        }
        if let Some(budget) = event.budget.filter(|_| leaves) {
            self.record_budget(budget, time);
        }
        if let Some(breaker) = event.breaker.filter(|_| ends) {
            self.record_circuit(breaker, time);
        }
    }

    fn record_transition(&self, event: &Event<'_>, breaker: &CircuitBreaker, to: CircuitState) {
        if event
            .serial
            .is_some_and(|serial| self.counted.count(serial))
        {
            let guard = breaker.identity();
            let kept = self.keys.of_circuit(guard);
            let kept = kept.map(|kept| kept.transitions(to));
            let values = || [guard.shared_name().into(), to.as_str().into()];
            self.transitions.of(kept, values).increment(1);
        }
        self.record_circuit(breaker, time_of(event));
    }

    fn record_circuit(&self, breaker: &CircuitBreaker, time: TimeSource<'_>) {
        let guard = breaker.identity();
        let kept = self.keys.of_circuit(guard).map(|kept| &kept.state);
        let gauge = self.circuits.of(kept, || [guard.shared_name().into()]);
        keep_up(&gauge, || match breaker.state_to_come(time) {
            CircuitState::Closed => 0,
            CircuitState::HalfOpen => 1,
            CircuitState::Open => 2,
        });
    }

    fn record_bulkhead(&self, bulkhead: &Bulkhead) {
        let guard = bulkhead.identity();
        let kept = self.keys.of_bulkhead(guard).map(|kept| &kept.in_use);
        let gauge = self.bulkheads.of(kept, || [guard.shared_name().into()]);
        keep_up(&gauge, || bulkhead.in_use().into());
    }

    fn record_wait(&self, bulkhead: &Bulkhead, wait: Duration) {
        let guard = bulkhead.identity();
        let kept = self.keys.of_bulkhead(guard).map(|kept| &kept.waits);
        let waits = self.waits.of(kept, || [guard.shared_name().into()]);
        waits.record(wait);
    }

    fn record_budget(&self, budget: &Budget, time: TimeSource<'_>) {
        let guard = budget.identity();
        let kept = self.keys.of_budget(guard).map(|kept| &kept.remaining);
        let gauge = self.budgets.of(kept, || [guard.shared_name().into()]);
        keep_up(&gauge, || budget.remaining_on(time));
    }
}

const fn outcome(success: bool) -> &'static str {
    if success { SUCCESS } else { FAILURE }
}

/// The state that a circuit has entered, if that is what has happened.
const fn state_after(kind: EventKind) -> Option<CircuitState> {
    match kind {
        EventKind::CircuitOpened => Some(CircuitState::Open),
        EventKind::CircuitHalfOpen => Some(CircuitState::HalfOpen),
        EventKind::CircuitClosed => Some(CircuitState::Closed),
        _ => None,
    }
}

/// The call's clock; for a circuit's transition, whoever caused it, the one that most calls read.
fn time_of<'a>(event: &Event<'a>) -> TimeSource<'a> {
    event
        .telling
        .map_or(TimeSource::asynchronous(), |telling| telling.time)
}

/// Sets a gauge to what `read` gives, and again if that has changed meanwhile: of two threads that set it at a time the last one must not leave
/// what it has read before the other. Whoever changes it again sets it again too, so a few tries are enough.
fn keep_up(gauge: &Gauge, read: impl Fn() -> u64) {
    let mut value = read();
    for _ in 0..TRIES {
        #[expect(
            clippy::cast_precision_loss,
            reason = "nobody can tell one of 2⁵³ retries from its neighbour"
        )]
        gauge.set(value as f64);
        let present = read();
        if present == value {
            break;
        }
        value = present;
    }
}

impl fmt::Debug for MetricsObserver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MetricsObserver")
            .field("prefix", &self.claim.prefix())
            .finish_non_exhaustive()
    }
}
