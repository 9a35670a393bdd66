//! Gauges show what the guards are.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use metrics::with_local_recorder;
use metrics_exporter_prometheus::PrometheusRecorder;
use retry_core::observe::MetricsObserver;
use retry_core::testing::ManualClock;
use retry_core::{
    Budget, Bulkhead, BulkheadSettings, CircuitBreaker, ErrorClass, Policy, registry,
};

use crate::scrape::{recorder, scrape};
use crate::support::{AT_ONCE, EACH_SECOND, Failure, TRANSIENT, millis, on_tokio, secs};

/// An observer and what shows its gauges.
struct Gauges {
    metrics: MetricsObserver,
    exporter: PrometheusRecorder,
    prefix: &'static str,
}

impl Gauges {
    fn new(prefix: &'static str) -> Self {
        let exporter = recorder();
        let metrics = with_local_recorder(&exporter, || MetricsObserver::with_prefix(prefix));
        Self {
            metrics: metrics.expect("nobody else has it"),
            exporter,
            prefix,
        }
    }

    fn record<T>(&self, run: impl FnOnce() -> T) -> T {
        with_local_recorder(&self.exporter, run)
    }

    fn value(&self, metric: &str, name: &str) -> Option<f64> {
        let metric = format!("{}{metric}", self.prefix);
        scrape(&self.exporter).value(&metric, &[("name", name)])
    }
}

#[test]
fn a_bulkhead_shows_who_is_inside_and_nobody_is_during_a_delay() {
    let gauges = Gauges::new("inside_");
    let bulkhead = Bulkhead::new("database", 2);
    let in_use = || gauges.value("bulkhead_in_use", "database");
    gauges.record(|| {
        on_tokio(async {
            let call = EACH_SECOND
                .call("query")
                .bulkhead(&bulkhead)
                .observe(&gauges.metrics);
            let query = || {
                call.run(async || {
                    tokio::time::sleep(secs(1)).await;
                    Err::<u8, _>(TRANSIENT)
                })
            };
            let watch = async {
                let mut seen = Vec::new();
                for _ in 0..6 {
                    tokio::time::sleep(millis(500)).await;
                    seen.push(in_use());
                    tokio::time::sleep(millis(500)).await;
                }
                seen
            };
            let (_, _, seen) = tokio::join!(query(), query(), watch);
            let (inside, nobody) = (Some(2.0), Some(0.0));
            assert_eq!(seen, [inside, nobody, inside, nobody, inside, nobody]);
        });
    });
}

#[test]
fn a_circuit_shows_its_state() {
    let gauges = Gauges::new("state_");
    let circuit = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(secs(10))
        .probes(1);
    let clock = ManualClock::new();
    let state = || gauges.value("circuit_state", "payments");
    gauges.record(|| {
        let call = AT_ONCE
            .call("pay")
            .breaker(&circuit)
            .observe(&gauges.metrics)
            .clock(&clock);
        let pay = |result: Result<u8, Failure>| {
            let _ = call.run_blocking(|| result.clone());
            state()
        };
        assert_eq!(pay(Ok(7)), Some(0.0));
        assert_eq!(pay(Err(TRANSIENT)), Some(2.0));
        assert_eq!(pay(Ok(7)), Some(2.0), "turned away");
        clock.advance(secs(10));
        let during = call.run_blocking(|| Ok::<_, Failure>(state()));
        assert_eq!(during, Ok(Some(1.0)), "a probe");
        assert_eq!(state(), Some(0.0));
    });
}

#[test]
fn a_budget_shows_what_is_left_by_the_clock_of_the_call() {
    let gauges = Gauges::new("left_");
    let budget = Budget::new("retries").per_window(5, secs(60));
    let clock = ManualClock::new();
    gauges.record(|| {
        let call = AT_ONCE
            .call("pay")
            .budget(&budget)
            .observe(&gauges.metrics)
            .clock(&clock);
        let left = || gauges.value("budget_remaining", "retries");
        let _ = call.run_blocking(|| Err::<u8, _>(TRANSIENT));
        assert_eq!(left(), Some(3.0));
        clock.advance(secs(60));
        let _ = call.run_blocking(|| Ok::<_, Failure>(7));
        assert_eq!(left(), Some(5.0));
    });
}

#[test]
fn a_budget_that_a_success_fills_shows_it() {
    let gauges = Gauges::new("refund_");
    let budget = Budget::new("retries")
        .token_bucket(10)
        .cost(ErrorClass::Transient, 5)
        .refund(5);
    gauges.record(|| {
        let call = AT_ONCE.call("pay").budget(&budget).observe(&gauges.metrics);
        let left = || gauges.value("budget_remaining", "retries");
        let _ = call.run_blocking(|| Err::<u8, _>(TRANSIENT));
        assert_eq!(left(), Some(0.0));
        let _ = call.run_blocking(|| Ok::<_, Failure>(7));
        assert_eq!(left(), Some(1.0));
    });
}

#[test]
fn a_guard_that_is_named_at_run_time_has_its_series_too() {
    let gauges = Gauges::new("run_time_");
    let settings = BulkheadSettings::DEFAULT;
    let bulkhead = Bulkhead::from_settings(format!("shard {}", 7), settings).expect("it is valid");
    gauges.record(|| {
        let call = AT_ONCE
            .call("query")
            .bulkhead(&bulkhead)
            .observe(&gauges.metrics);
        assert_eq!(call.run_blocking(|| Ok::<_, Failure>(7)), Ok(7));
        assert_eq!(call.run_blocking(|| Ok::<_, Failure>(7)), Ok(7));
    });
    assert_eq!(gauges.value("bulkhead_in_use", "shard 7"), Some(0.0));
    assert_eq!(
        gauges.value("bulkhead_wait_seconds_count", "shard 7"),
        Some(2.0)
    );
}

// Looked at before a scrape.

#[test]
fn guards_are_seen_that_no_call_uses() {
    static CIRCUIT: CircuitBreaker = CircuitBreaker::new("idle circuit");
    static BUDGET: Budget = Budget::new("idle budget").per_window(5, secs(60));
    let bulkhead = Arc::new(Bulkhead::new("idle bulkhead", 4));
    let gauges = Gauges::new("idle_");
    registry::register(&CIRCUIT).expect("nobody else has the name");
    registry::register(&BUDGET).expect("nobody else has the name");
    registry::register(&bulkhead).expect("nobody else has the name");
    let permit = bulkhead.try_acquire();
    CIRCUIT.force_open();
    gauges.record(|| gauges.metrics.record_guards());
    assert_eq!(gauges.value("circuit_state", "idle circuit"), Some(2.0));
    assert_eq!(gauges.value("budget_remaining", "idle budget"), Some(5.0));
    assert_eq!(gauges.value("bulkhead_in_use", "idle bulkhead"), Some(1.0));
    drop(permit);
    CIRCUIT.reset();
    gauges.record(|| gauges.metrics.record_guards());
    assert_eq!(gauges.value("circuit_state", "idle circuit"), Some(0.0));
    assert_eq!(gauges.value("bulkhead_in_use", "idle bulkhead"), Some(0.0));
}

#[test]
fn a_circuit_becomes_half_open_by_time_alone_and_looking_changes_nothing() {
    static CIRCUIT: CircuitBreaker = CircuitBreaker::new("left alone")
        .consecutive(1)
        .open_for(secs(10));
    let gauges = Gauges::new("time_");
    registry::register(&CIRCUIT).expect("nobody else has the name");
    let state = || {
        gauges.metrics.record_guards();
        gauges.value("circuit_state", "left alone")
    };
    gauges.record(|| {
        on_tokio(async {
            let call = AT_ONCE
                .call("pay")
                .breaker(&CIRCUIT)
                .observe(&gauges.metrics);
            let _ = call.run(async || Err::<u8, _>(TRANSIENT)).await;
            assert_eq!(state(), Some(2.0));
            tokio::time::sleep(millis(9_999)).await;
            assert_eq!(state(), Some(2.0));
            tokio::time::sleep(millis(1)).await;
            assert_eq!(state(), Some(1.0));
            assert_eq!(CIRCUIT.snapshot().transitions, 1);
        });
    });
}

#[test]
fn a_call_that_was_dropped_leaves_a_gauge_right_that_is_looked_at() {
    static POOL: Bulkhead = Bulkhead::new("dropped", 4);
    const POLICY: Policy = Policy::new();
    let gauges = Gauges::new("dropped_");
    registry::register(&POOL).expect("nobody else has the name");
    gauges.record(|| {
        let call = POLICY
            .call("query")
            .bulkhead(&POOL)
            .observe(&gauges.metrics);
        {
            let mut running = pin!(call.run(pending::<Result<u8, Failure>>));
            let mut context = Context::from_waker(Waker::noop());
            assert!(running.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(
            gauges.value("bulkhead_in_use", "dropped"),
            Some(1.0),
            "nobody was told"
        );
        gauges.metrics.record_guards();
        assert_eq!(gauges.value("bulkhead_in_use", "dropped"), Some(0.0));
    });
}
