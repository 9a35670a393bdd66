//! Hundreds of calls on several threads add up.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use metrics::with_local_recorder;
use retry_core::observe::MetricsObserver;
use retry_core::testing::Recorder;
use retry_core::{Budget, Bulkhead, CircuitBreaker, CircuitState, Policy};

use crate::scrape::{recorder, scrape};
use crate::support::{AT_ONCE, Failure, TRANSIENT, secs};
use crate::tally;

const THREADS: u32 = 8;
const CALLS: u32 = 100;
const POLICY: Policy = AT_ONCE.attempts(4);

#[test]
fn calls_on_several_threads_add_up() {
    let exporter = recorder();
    let metrics = with_local_recorder(&exporter, || MetricsObserver::with_prefix("concurrent_"))
        .expect("nobody else has it");
    let kept = Recorder::new();
    let circuit = CircuitBreaker::new("payments")
        .consecutive(6)
        .open_for(secs(3600));
    let budget = Budget::new("payments").token_bucket(1000);
    let bulkhead = Bulkhead::new("payments", 2).wait(secs(3600));
    let attempts = AtomicU32::new(0);
    let call = POLICY
        .call("pay")
        .breaker(&circuit)
        .budget(&budget)
        .bulkhead(&bulkhead)
        .observe(&metrics)
        .observe(&kept);
    let pay = || {
        // Three of four attempts fail, whoever makes them.
        let result = call.run_blocking(|| match attempts.fetch_add(1, Ordering::Relaxed) % 4 {
            0 => Ok::<_, Failure>(7),
            _ => Err(TRANSIENT),
        });
        if result.is_err() && circuit.state() == CircuitState::Open {
            circuit.reset();
        }
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| with_local_recorder(&exporter, || (0..CALLS).for_each(|_| pay())));
        }
    });

    let scrape = scrape(&exporter);
    tally::assert_agrees("concurrent_", &scrape, &kept.events(), |_| "payments");
    let calls = scrape.sum("concurrent_retry_calls_total", &[]);
    assert_eq!(calls, Some(f64::from(THREADS * CALLS)));
    let gauge =
        |metric: &str| scrape.value(&format!("concurrent_{metric}"), &[("name", "payments")]);
    assert_eq!(gauge("bulkhead_in_use"), Some(0.0));
    let remaining = u32::try_from(budget.remaining()).expect("there are few");
    assert_eq!(gauge("budget_remaining"), Some(remaining.into()));
}
