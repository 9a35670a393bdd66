//! The observer that sees all calls of the process, and the exporter of the process.

mod scrape;
mod support;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use metrics_exporter_prometheus::PrometheusHandle;
use retry_core::observe::{MetricsError, MetricsObserver};
use retry_core::{Bulkhead, CircuitBreaker, registry};
use scrape::{Scrape, exporter};
use support::{AT_ONCE, Failure, TRANSIENT, secs};

/// The observer first: a recorder may come later.
static PROCESS: LazyLock<(&MetricsObserver, PrometheusHandle)> = LazyLock::new(|| {
    let metrics = MetricsObserver::new().expect("the only one").install();
    let exporter = exporter().install_recorder();
    (
        metrics.expect("the only one"),
        exporter.expect("the only one"),
    )
});

fn metrics() -> &'static MetricsObserver {
    PROCESS.0
}

fn served() -> Scrape {
    metrics().record_guards();
    Scrape::parse(&PROCESS.1.render())
}

fn calls(operation: &str, reason: &str) -> Option<f64> {
    let outcome = if reason == "none" {
        "success"
    } else {
        "failure"
    };
    let of = [
        ("operation", operation),
        ("outcome", outcome),
        ("stop_reason", reason),
    ];
    served().value("retry_calls_total", &of)
}

fn transitions(name: &str, to: &str) -> Option<f64> {
    served().value("circuit_transitions_total", &[("name", name), ("to", to)])
}

#[test]
fn a_second_one_is_refused_and_gives_its_names_back() {
    metrics();
    let taken = MetricsObserver::new().expect_err("somebody has these names");
    assert!(matches!(taken, MetricsError::PrefixTaken { .. }));

    let second = || MetricsObserver::with_prefix("second_").expect("nobody has these names");
    let error = second().install().expect_err("there is one");
    assert!(
        error
            .to_string()
            .contains("a global observer is already set")
    );
    drop(second());
}

#[test]
fn it_sees_calls_that_it_is_not_attached_to() {
    metrics();
    let call = AT_ONCE.call("not_attached");
    let _ = call.run_blocking(|| Err::<u8, _>(TRANSIENT));
    assert_eq!(calls("not_attached", "max_attempts_global"), Some(1.0));
}

#[test]
fn a_call_that_it_is_attached_to_as_well_is_counted_once() {
    let call = AT_ONCE.call("attached").observe(metrics());
    let _ = call.run_blocking(|| Ok::<_, Failure>(7));
    assert_eq!(calls("attached", "none"), Some(1.0));
    let of = [
        ("class", "none"),
        ("operation", "attached"),
        ("outcome", "success"),
    ];
    assert_eq!(served().value("retry_attempts_total", &of), Some(1.0));

    // Even if it is stopped before anything else is told.
    let call = AT_ONCE.call("attached").observe(metrics()).abort(&|| true);
    let _ = call.run_blocking(|| Ok::<_, Failure>(7));
    assert_eq!(calls("attached", "aborted"), Some(1.0));
}

#[test]
fn a_transition_is_counted_once_however_many_ways_lead_here() {
    let circuit = CircuitBreaker::new("many ways")
        .consecutive(1)
        .observe(metrics());
    let call = AT_ONCE.call("pay").breaker(&circuit).observe(metrics());
    let _ = call.run_blocking(|| Err::<u8, _>(TRANSIENT));
    assert_eq!(transitions("many ways", "open"), Some(1.0));
    circuit.reset();
    circuit.force_open();
    assert_eq!(transitions("many ways", "closed"), Some(1.0));
    assert_eq!(transitions("many ways", "open"), Some(2.0));
}

#[test]
fn what_a_circuit_does_on_its_own_is_no_call() {
    metrics();
    let circuit = CircuitBreaker::new("on its own");
    circuit.force_open();
    assert!(circuit.try_acquire().is_err());
    assert_eq!(transitions("on its own", "open"), Some(1.0));
    let state = served().value("circuit_state", &[("name", "on its own")]);
    assert_eq!(state, Some(2.0));
    let calls = served().sum("retry_calls_total", &[("operation", "circuit_breaker")]);
    assert_eq!(calls, None);
}

#[test]
fn concurrent_nested_calls_add_up() {
    static POOL: Bulkhead = Bulkhead::new("nested pool", 3).wait(secs(3600)).queue(1000);
    metrics();
    registry::register(&POOL).expect("nobody else has the name");
    let attempts = AtomicU32::new(0);
    let attempts: &'static AtomicU32 = Box::leak(Box::new(attempts));
    let inner = || async {
        let call = AT_ONCE.call("inner").bulkhead(&POOL);
        // Every third attempt succeeds, whoever makes it.
        let attempt = async || {
            tokio::task::yield_now().await;
            match attempts.fetch_add(1, Ordering::Relaxed) % 3 {
                2 => Ok(7),
                _ => Err(TRANSIENT),
            }
        };
        call.run(attempt).await
    };
    let outer = move || async move { AT_ONCE.call("outer").run(inner).await };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .expect("a runtime");
    let succeeded = runtime.block_on(async {
        let calls: Vec<_> = (0..200).map(|_| tokio::spawn(outer())).collect();
        let mut succeeded = 0_u32;
        for call in calls {
            succeeded += u32::from(call.await.expect("no panic").is_ok());
        }
        succeeded
    });

    let served = served();
    let sum = |name: &str, of: &[(&str, &str)]| served.sum(name, of);
    let outer = ("operation", "outer");
    let inner = ("operation", "inner");
    let exactly = |sum: Option<f64>, expected: u32| assert_eq!(sum, Some(f64::from(expected)));
    exactly(sum("retry_calls_total", &[outer]), 200);
    exactly(
        sum("retry_calls_total", &[outer, ("outcome", "success")]),
        succeeded,
    );
    // Each attempt of the one is a call of the other.
    let nested = sum("retry_attempts_total", &[outer]);
    assert_eq!(nested, sum("retry_calls_total", &[inner]));
    let attempts = attempts.load(Ordering::Relaxed);
    exactly(sum("retry_attempts_total", &[inner]), attempts);
    exactly(sum("retry_attempts_per_call_sum", &[inner]), attempts);
    exactly(
        sum("bulkhead_wait_seconds_count", &[("name", "nested pool")]),
        attempts,
    );
    let in_use = served.value("bulkhead_in_use", &[("name", "nested pool")]);
    assert_eq!(in_use, Some(0.0));
}
