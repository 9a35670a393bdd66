//! Lines for the `log` facade: [`LogObserver`].

use std::time::Duration;

use log::kv::{self, Key, Source, Value, VisitSource};
use log::{Level, Record};

use super::severity::{Severity, Verbosity};
use crate::event::{Event, Observer};

/// What the lines are found by, unless told otherwise: the name that users know from their manifest.
const DEFAULT_TARGET: &str = "retry_core";

/// An observer that writes lines through the `log` crate. It can be a `static`.
///
/// | level | what |
/// |---|---|
/// | error | a call has ended without success, whatever the reason |
/// | warn | an attempt has failed and another follows; a circuit has opened; a call waited long for a bulkhead |
/// | info | a call has succeeded after retries; a circuit is half-open or has closed |
/// | debug | if asked: a call has succeeded at its [first attempt](Self::every_call); an [attempt](Self::every_attempt) starts or has ended |
///
/// ```text
/// WARN  fetch_user: attempt 1 failed (transient: connection reset by peer); attempt 2 in 100ms
/// ERROR fetch_user: gave up after 3 attempts in 1.2s (max_attempts_global): connection reset by peer
/// ```
///
/// Each record has the fields of the [`Event`] that there are as key-value pairs under their own names, `kind` first; durations are in
/// seconds. Nothing is formatted for a level that is off.
///
/// ```
/// use retry_core::{observe::LogObserver, set_global_observer};
///
/// static LOG: LogObserver = LogObserver::new();
///
/// set_global_observer(&LOG)?;
/// # Ok::<(), retry_core::GlobalObserverAlreadySet>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LogObserver {
    target: &'static str,
    verbosity: Verbosity,
}

impl LogObserver {
    /// Lines with the target `retry_core`, without those that have to be asked for.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            target: DEFAULT_TARGET,
            verbosity: Verbosity::DEFAULT,
        }
    }

    /// Lines with this target, `retry_core` by default.
    ///
    /// ```
    /// # use retry_core::observe::LogObserver;
    /// static LOG: LogObserver = LogObserver::new().target("payments::retries");
    /// ```
    #[must_use]
    pub const fn target(mut self, target: &'static str) -> Self {
        self.target = target;
        self
    }

    /// Lines about calls that succeed at their first attempt too, at level debug.
    ///
    /// ```
    /// # use retry_core::observe::LogObserver;
    /// static LOG: LogObserver = LogObserver::new().every_call();
    /// ```
    #[must_use]
    pub const fn every_call(mut self) -> Self {
        self.verbosity.every_call = true;
        self
    }

    /// Lines about each attempt too, at level debug: that it starts, and how it has ended.
    ///
    /// ```
    /// # use retry_core::observe::LogObserver;
    /// static LOG: LogObserver = LogObserver::new().every_call().every_attempt();
    /// ```
    #[must_use]
    pub const fn every_attempt(mut self) -> Self {
        self.verbosity.every_attempt = true;
        self
    }
}

/// [`LogObserver::new`].
impl Default for LogObserver {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for LogObserver {
    fn on_event(&self, event: &Event<'_>) {
        let level = level(Severity::of(event));
        if !self.verbosity.tells(event) || level > log::STATIC_MAX_LEVEL || level > log::max_level()
        {
            return;
        }
        log::logger().log(
            &Record::builder()
                .level(level)
                .target(self.target)
                .args(format_args!("{}", event.message()))
                .key_values(&Fields(event))
                .build(),
        );
    }
}

const fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Error,
        Severity::Warn => Level::Warn,
        Severity::Info => Level::Info,
        Severity::Debug => Level::Debug,
    }
}

/// The fields of an event, for loggers that ask for them.
struct Fields<'e>(&'e Event<'e>);

impl Source for Fields<'_> {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), kv::Error> {
        let event = self.0;
        let fields = [
            ("kind", Some(event.kind.as_str().into())),
            ("operation", Some(event.operation.into())),
            ("attempt", Some(event.attempt.into())),
            ("delay", event.delay.map(seconds)),
            ("wait", event.wait.map(seconds)),
            ("elapsed", Some(seconds(event.elapsed))),
            ("duration", event.duration.map(seconds)),
            ("class", event.class.map(|class| class.as_str().into())),
            ("cause", event.cause.map(|cause| cause.as_str().into())),
            (
                "stop_reason",
                event.stop_reason.map(|reason| reason.as_str().into()),
            ),
            ("error", event.error.map(Value::from_dyn_display)),
            ("error_type", event.error_type.map(Value::from)),
            ("guard", event.guard.map(Value::from)),
            ("transition", event.transition.map(Value::from)),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                visitor.visit_pair(Key::from_str(name), value)?;
            }
        }
        Ok(())
    }
}

fn seconds(duration: Duration) -> Value<'static> {
    duration.as_secs_f64().into()
}
