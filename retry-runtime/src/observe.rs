//! The observers that come with the crate.
//!
//! An [`Observer`](crate::Observer) sees what the calls tell that it is given to: with [`Call::observe`](crate::Call::observe), with the key
//! `observe` of the attribute, or with [`set_global_observer`](crate::set_global_observer) all calls of the process.
//!
//! | observer | feature | what it does |
//! |---|---|---|
//! | [`Stats`] | | counts, and prints a table |
//! | `TracingObserver` | `tracing` | writes spans and events for the `tracing` facade |
//! | `MetricsObserver` | `metrics` | counts and measures calls and guards through the `metrics` facade, as for Prometheus |
//! | `OpenTelemetryObserver` | `opentelemetry` | makes spans, span events and metrics through the OpenTelemetry API |
//! | `LogObserver` | `log` | writes lines for the `log` facade |
//! | [`Recorder`](crate::testing::Recorder) | | keeps every event, for tests |
//! | a closure | | what you like: any `Fn(&Event<'_>)` is an observer |
//!
//! # Which one
//!
//! - **A service**: what writes to the facade that it has already; libraries leave the choice to the program.
//! - **A tool, a job, a benchmark, a status page**: [`Stats`], as it needs no backend.
//! - **A line on the terminal**: a closure, with [`Event::message`](crate::Event::message) for the text.
//!
//! # More than one
//!
//! A pair of observers is an observer, and so is a pair of pairs. A panic in one does not keep the event from the other.
//!
//! ```
//! use retry_core::{Event, EventKind, Policy, Stats, set_global_observer};
//!
//! const POLICY: Policy = Policy::new();
//! static OBSERVERS: (Stats, fn(&Event<'_>)) = (Stats::new(), print_retries);
//!
//! fn print_retries(event: &Event<'_>) {
//!     if event.kind == EventKind::Retry {
//!         eprintln!("{}", event.message());
//!     }
//! }
//!
//! set_global_observer(&OBSERVERS)?;
//! let _ = POLICY.call("fetch_user").run_blocking(|| Ok::<_, std::io::Error>(7));
//! println!("{}", OBSERVERS.0);
//! # assert_eq!(OBSERVERS.0.snapshot().total().calls, 1);
//! # Ok::<(), retry_core::GlobalObserverAlreadySet>(())
//! ```
//!
//! There is one global observer, so a program sets a pair of all that it wants. A call tells its own observers first, then the global one;
//! what is both is told twice.

mod by_name;
#[cfg(feature = "log")]
mod log;
mod message;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "opentelemetry")]
mod opentelemetry;
#[cfg(feature = "log")]
mod severity;
mod stats;
#[cfg(feature = "tracing")]
mod tracing;

#[cfg(feature = "log")]
pub use self::log::LogObserver;
pub(crate) use self::message::Message;
#[cfg(feature = "metrics")]
pub use self::metrics::{MetricsError, MetricsObserver};
#[cfg(feature = "opentelemetry")]
pub use self::opentelemetry::OpenTelemetryObserver;
pub use self::stats::{AttemptsBucket, OperationStats, Stats, StatsSnapshot};
#[cfg(feature = "tracing")]
pub use self::tracing::TracingObserver;
