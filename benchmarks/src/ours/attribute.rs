//! `#[retry]`.

use retry_core::retry;

use super::{BREAKER, BUDGET, BULKHEAD, METRICS, OPEN, RATE_BREAKER, TRACING};
use crate::asleep::{DELAY, asleep, wake_up};
use crate::case;
use crate::operation::{
    Answer, HUNDRED_FAILURES, TWO_FAILURES, give_up, give_up_async, succeed, succeed_async,
    succeed_pending_once,
};
use crate::subject::{Cases, Party};
use crate::workload::Workload;

/// The attribute.
pub const ATTRIBUTE: Party = Party {
    name: "retry_attribute",
    cases,
    absent: &[(
        "breaker_…, budget_…, bulkhead_…",
        "as `retry_call`, which is measured",
    )],
    remarks: &[],
};

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = none)]
fn plain_sync() -> Answer {
    succeed()
}

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = none)]
async fn plain() -> Answer {
    succeed_async().await
}

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = none, deadline = "30s")]
async fn with_deadline() -> Answer {
    succeed_async().await
}

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = none, attempt_timeout = "2s")]
async fn with_timeout() -> Answer {
    succeed_async().await
}

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = none, attempt_timeout = "2s")]
async fn with_timeout_pending_once() -> Answer {
    succeed_pending_once().await
}

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = full)]
async fn with_jitter() -> Answer {
    succeed_async().await
}

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = none, observe = TRACING)]
async fn with_tracing() -> Answer {
    succeed_async().await
}

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = none, observe = *METRICS)]
async fn with_metrics() -> Answer {
    succeed_async().await
}

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = none, breaker = BREAKER)]
async fn with_breaker() -> Answer {
    succeed_async().await
}

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = none, breaker = RATE_BREAKER)]
async fn with_rate_breaker() -> Answer {
    succeed_async().await
}

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = none, budget = BUDGET)]
async fn with_budget() -> Answer {
    succeed_async().await
}

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = none, bulkhead = BULKHEAD)]
async fn with_bulkhead() -> Answer {
    succeed_async().await
}

#[retry(
    attempts = 3,
    deadline = "30s",
    attempt_timeout = "2s",
    backoff = exponential("100ms"),
    jitter = full,
    breaker = BREAKER,
    budget = BUDGET,
    bulkhead = BULKHEAD
)]
async fn with_everything() -> Answer {
    succeed_async().await
}

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = none, breaker = OPEN)]
async fn rejected() -> Answer {
    succeed_async().await
}

#[retry(attempts = 3, backoff = none)]
async fn two_failures() -> Answer {
    TWO_FAILURES.attempt_async().await
}

#[retry(attempts = 3, backoff = none)]
fn two_failures_sync() -> Answer {
    TWO_FAILURES.attempt()
}

#[retry(attempts = 101, backoff = none)]
async fn hundred_failures() -> Answer {
    HUNDRED_FAILURES.attempt_async().await
}

#[retry(attempts = 101, backoff = none)]
fn hundred_failures_sync() -> Answer {
    HUNDRED_FAILURES.attempt()
}

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = none)]
async fn permanent_error() -> Answer {
    give_up_async().await
}

#[retry(attempts = 3, backoff = exponential("100ms"), jitter = none)]
fn permanent_error_sync() -> Answer {
    give_up()
}

#[retry(attempts = 3, backoff = fixed(DELAY))]
async fn sleepy() -> Answer {
    wake_up().await
}

fn cases(cases: &mut Cases) {
    cases.case(case::SUCCESS_SYNC, || Workload::sync(plain_sync));
    cases.case(case::SUCCESS_ASYNC, || Workload::asynchronous(plain));
    cases.case(case::SUCCESS_ASYNC_DYN, || {
        Workload::asynchronous_dyn(plain)
    });
    cases.case(case::SUCCESS_ASYNC_MULTI_THREAD, || {
        Workload::multi_thread(plain)
    });
    cases.case(case::SUCCESS_WITH_DEADLINE, || {
        Workload::asynchronous(with_deadline)
    });
    cases.case(case::SUCCESS_WITH_TIMEOUT_READY, || {
        Workload::asynchronous(with_timeout)
    });
    cases.case(case::SUCCESS_WITH_TIMEOUT_PENDING_ONCE, || {
        Workload::asynchronous(with_timeout_pending_once)
    });
    cases.case(case::SUCCESS_WITH_JITTER, || {
        Workload::asynchronous(with_jitter)
    });
    cases.case(case::SUCCESS_WITH_TRACING_IDLE, || {
        Workload::asynchronous(with_tracing)
    });
    cases.case(case::SUCCESS_WITH_METRICS_IDLE, || {
        Workload::asynchronous(with_metrics)
    });

    cases.case(case::SUCCESS_WITH_BREAKER, || {
        Workload::asynchronous(with_breaker)
    });
    cases.case(case::SUCCESS_WITH_RATE_BREAKER, || {
        Workload::asynchronous(with_rate_breaker)
    });
    cases.case(case::SUCCESS_WITH_BUDGET, || {
        Workload::asynchronous(with_budget)
    });
    cases.case(case::SUCCESS_WITH_BULKHEAD, || {
        Workload::asynchronous(with_bulkhead)
    });
    cases.case(case::SUCCESS_WITH_EVERYTHING, || {
        Workload::asynchronous(with_everything)
    });
    cases.case(case::OPEN_CIRCUIT_REJECTION, || {
        OPEN.force_open();
        Workload::asynchronous(rejected)
    });

    cases.case(case::TWO_FAILURES_THEN_SUCCESS, || {
        Workload::asynchronous(two_failures)
    });
    cases.case(case::TWO_FAILURES_THEN_SUCCESS_SYNC, || {
        Workload::sync(two_failures_sync)
    });
    cases.case(case::HUNDRED_FAILURES, || {
        Workload::asynchronous(hundred_failures)
    });
    cases.case(case::HUNDRED_FAILURES_SYNC, || {
        Workload::sync(hundred_failures_sync)
    });
    cases.case(case::PERMANENT_ERROR, || {
        Workload::asynchronous(permanent_error)
    });
    cases.case(case::PERMANENT_ERROR_SYNC, || {
        Workload::sync(permanent_error_sync)
    });

    cases.case(case::ASLEEP_100K, || asleep(sleepy));
}
