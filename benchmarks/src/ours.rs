//! This project, in its three forms: the attribute, a [`Call`](retry_core::Call), and a guard on its own.
//!
//! What all of them say to all operations, and so do the peers: three attempts, 100 ms before the second and twice that before the third, no
//! jitter, and an error that is permanent is not retried.

mod attribute;
mod call;
mod guard;

use std::sync::LazyLock;
use std::time::Duration;

use retry_core::observe::{MetricsObserver, TracingObserver};
use retry_core::{Budget, Bulkhead, CircuitBreaker};

use crate::workload::ready;

pub use self::attribute::ATTRIBUTE;
pub use self::call::CALL;
pub use self::guard::GUARD;

/// Opens after five failures in a row, which is the default.
static BREAKER: CircuitBreaker = CircuitBreaker::new("breaker");
/// Opens when half of the calls of a minute fail, if there are a hundred.
static RATE_BREAKER: CircuitBreaker =
    CircuitBreaker::new("rate breaker").failure_rate(0.5, 100, Duration::from_secs(60));
/// Never asked for a success: it is forced open.
static OPEN: CircuitBreaker = CircuitBreaker::new("open");
/// As many retries as a fifth of the calls.
static BUDGET: Budget = Budget::new("budget").ratio(0.2);
static BULKHEAD: Bulkhead = Bulkhead::new("bulkhead", 100);
static TRACING: TracingObserver = TracingObserver::new();
static METRICS: LazyLock<MetricsObserver> = LazyLock::new(|| ready(MetricsObserver::new()));
