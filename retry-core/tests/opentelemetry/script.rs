//! A fixed script of calls: success, retries then success, each stop reason, circuit transitions, contention.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use retry_core::{
    Budget, Bulkhead, CircuitBreaker, ClassRule, ErrorClass, Observer, Policy, SleepDecision,
};

use crate::support::{
    EACH_SECOND, Failure, PERMANENT, RATE_LIMIT, Script, TRANSIENT, UNKNOWN, millis, secs,
};

const LONG: Policy = EACH_SECOND.attempts(9);

pub(crate) fn describe(error: &Failure, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Failure::Of(class) => write!(formatter, "the service says {class}"),
        other => write!(formatter, "{other:?}"),
    }
}

/// Every attempt takes 100 ms.
async fn attempt(script: &Script<u8, Failure>) -> Result<u8, Failure> {
    tokio::time::sleep(millis(100)).await;
    script.attempt()
}

macro_rules! make {
    ($observer:expr, $call:expr, $results:expr) => {{
        let script = Script::new($results);
        let call = $call.describe(describe).observe($observer);
        let _ = call.execute(|| attempt(&script)).await;
    }};
}

/// On paused time.
pub(crate) async fn run(observer: &dyn Observer) {
    successes(observer).await;
    stops(observer).await;
    aborts(observer).await;
    guards(observer).await;
    circuit(observer).await;
    contention(observer).await;
}

async fn successes(observer: &dyn Observer) {
    make!(observer, EACH_SECOND.call("success_at_once"), [Ok(7)]);
    make!(
        observer,
        EACH_SECOND.call("success_after_retries"),
        [Err(TRANSIENT), Err(RATE_LIMIT), Ok(7)]
    );
    let call = EACH_SECOND.call("success_after_a_value");
    let accept = |value: &u8| *value == 7;
    make!(observer, call.retry_until(accept), [Ok(1), Ok(7)]);
}

async fn stops(observer: &dyn Observer) {
    let twice = EACH_SECOND.class(ErrorClass::Transient, ClassRule::new().attempts(2));
    let hasty = EACH_SECOND.attempts(2).attempt_timeout(millis(50));
    let late = EACH_SECOND.deadline(secs(2));
    let helpless = Policy::new().no_backoff();
    let calls = [
        (EACH_SECOND.call("max_attempts_global"), TRANSIENT),
        (twice.call("max_attempts_per_class"), TRANSIENT),
        (EACH_SECOND.call("max_unknown_attempts"), UNKNOWN),
        (EACH_SECOND.call("non_retryable_class"), PERMANENT),
        (helpless.call("no_strategy"), TRANSIENT),
        (late.call("deadline_exceeded"), TRANSIENT),
        (hasty.call("timeout"), TRANSIENT),
    ];
    for (call, failure) in calls {
        make!(observer, call, [Err(failure)]);
    }
    let defer = |_: &_, _| SleepDecision::Defer;
    let call = EACH_SECOND.call("scheduled").on_sleep(defer);
    make!(observer, call, [Err(TRANSIENT)]);
}

async fn aborts(observer: &dyn Observer) {
    let call = EACH_SECOND.call("aborted_before_the_first_attempt");
    make!(observer, call.abort(&|| true), [Ok(7)]);

    let aborted = AtomicBool::new(false);
    let call = EACH_SECOND.call("aborted").abort(&aborted);
    let call = call.describe(describe).observe(observer);
    let _ = call
        .execute(async || {
            tokio::time::sleep(millis(100)).await;
            aborted.store(true, Ordering::Relaxed);
            Err::<u8, _>(TRANSIENT)
        })
        .await;
}

async fn guards(observer: &dyn Observer) {
    let budget = Budget::new("retries").per_window(1, secs(60));
    let call = LONG.call("budget_exhausted").budget(&budget);
    make!(observer, call, [Err(TRANSIENT)]);

    let bulkhead = Bulkhead::new("tables", 1);
    let _inside = bulkhead.try_acquire().expect("room");
    let call = LONG.call("bulkhead_full").bulkhead(&bulkhead);
    make!(observer, call, [Ok(7)]);
}

async fn circuit(observer: &dyn Observer) {
    let breaker = CircuitBreaker::new("payments")
        .consecutive(2)
        .open_for(secs(10));
    for (operation, result) in [
        ("opens_the_circuit", Err(TRANSIENT)),
        ("meets_the_open_circuit", Ok(7)),
        ("probe_fails", Err(TRANSIENT)),
        ("probe_succeeds", Ok(7)),
        ("meets_the_closed_circuit", Ok(7)),
    ] {
        if operation.starts_with("probe") {
            tokio::time::sleep(secs(10)).await;
        }
        make!(observer, LONG.call(operation).breaker(&breaker), [result]);
    }
}

async fn contention(observer: &dyn Observer) {
    for (operation, wait, result) in [
        ("contention_then_success", secs(3), Ok(7)),
        ("contention_then_failure", secs(3), Err(PERMANENT)),
        ("contention_then_full", secs(1), Ok(7)),
    ] {
        let bulkhead = Bulkhead::new("chairs", 1)
            .wait(wait)
            .contention_after(millis(500));
        let inside = bulkhead.try_acquire().expect("room");
        let leave = async {
            tokio::time::sleep(secs(2)).await;
            drop(inside);
        };
        let queue = async {
            make!(
                observer,
                EACH_SECOND.call(operation).bulkhead(&bulkhead),
                [result]
            );
        };
        tokio::join!(queue, leave);
    }
}
