//! `backon`: the function, a builder, a sleeper, a condition, as its README has it.
//!
//! Without a delay it sleeps on a future that is ready, which its documentation of `sleep` shows.

use std::future::ready;
use std::thread;
use std::time::Duration;

use backon::{BlockingRetryable, ConstantBuilder, ExponentialBuilder, Retryable};
use tokio::time::{sleep, timeout};

use super::{BASE, MAX, RETRIES, TIMEOUT};
use crate::asleep::{DELAY, asleep, wake_up};
use crate::case;
use crate::operation::{
    Answer, Failure, HUNDRED_FAILURES, TWO_FAILURES, give_up, give_up_async, succeed,
    succeed_async, succeed_pending_once,
};
use crate::subject::{Cases, Party};
use crate::workload::Workload;

pub(super) const PEER: Party = Party {
    name: "backon",
    cases,
    absent: &[
        (
            "success_with_deadline",
            "its `with_total_delay` adds up sleeps and looks at no clock",
        ),
        ("all with guards", "it has no guards"),
    ],
    remarks: &[(
        "success_with_timeout_…",
        "with `tokio::time::timeout` around the operation, as it has no timeouts",
    )],
};

const EXPONENTIAL: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(BASE)
    .with_max_delay(MAX)
    .with_max_times(RETRIES as usize);
const AT_ONCE: ConstantBuilder = ConstantBuilder::new()
    .with_delay(Duration::ZERO)
    .with_max_times(RETRIES as usize);

fn cases(cases: &mut Cases) {
    success(cases);
    failure(cases);
    cases.case(case::ASLEEP_100K, || {
        asleep(|| async {
            wake_up
                .retry(ConstantBuilder::new().with_delay(DELAY))
                .sleep(sleep)
                .when(Failure::is_transient)
                .await
        })
    });
}

fn success(cases: &mut Cases) {
    cases.case(case::SUCCESS_SYNC, || {
        Workload::sync(|| {
            BlockingRetryable::retry(succeed, EXPONENTIAL)
                .sleep(thread::sleep)
                .when(Failure::is_transient)
                .call()
        })
    });
    cases.case(case::SUCCESS_ASYNC, || Workload::asynchronous(plain));
    cases.case(case::SUCCESS_ASYNC_DYN, || {
        Workload::asynchronous_dyn(plain)
    });
    cases.case(case::SUCCESS_ASYNC_MULTI_THREAD, || {
        Workload::multi_thread(plain)
    });
    cases.case(case::SUCCESS_WITH_TIMEOUT_READY, || {
        Workload::asynchronous(async || {
            (|| within(succeed_async()))
                .retry(EXPONENTIAL)
                .sleep(sleep)
                .when(Failure::is_transient)
                .await
        })
    });
    cases.case(case::SUCCESS_WITH_TIMEOUT_PENDING_ONCE, || {
        Workload::asynchronous(async || {
            (|| within(succeed_pending_once()))
                .retry(EXPONENTIAL)
                .sleep(sleep)
                .when(Failure::is_transient)
                .await
        })
    });
    cases.case(case::SUCCESS_WITH_JITTER, || {
        Workload::asynchronous(async || {
            succeed_async
                .retry(EXPONENTIAL.with_jitter())
                .sleep(sleep)
                .when(Failure::is_transient)
                .await
        })
    });
}

fn failure(cases: &mut Cases) {
    cases.case(case::TWO_FAILURES_THEN_SUCCESS, || {
        Workload::asynchronous(async || {
            (|| TWO_FAILURES.attempt_async())
                .retry(AT_ONCE)
                .sleep(|_| ready(()))
                .when(Failure::is_transient)
                .await
        })
    });
    cases.case(case::TWO_FAILURES_THEN_SUCCESS_SYNC, || {
        Workload::sync(|| {
            BlockingRetryable::retry(|| TWO_FAILURES.attempt(), AT_ONCE)
                .sleep(thread::sleep)
                .when(Failure::is_transient)
                .call()
        })
    });
    cases.case(case::HUNDRED_FAILURES, || {
        Workload::asynchronous(async || {
            (|| HUNDRED_FAILURES.attempt_async())
                .retry(AT_ONCE.with_max_times(100))
                .sleep(|_| ready(()))
                .when(Failure::is_transient)
                .await
        })
    });
    cases.case(case::HUNDRED_FAILURES_SYNC, || {
        Workload::sync(|| {
            BlockingRetryable::retry(|| HUNDRED_FAILURES.attempt(), AT_ONCE.with_max_times(100))
                .sleep(thread::sleep)
                .when(Failure::is_transient)
                .call()
        })
    });
    cases.case(case::PERMANENT_ERROR, || {
        Workload::asynchronous(async || {
            give_up_async
                .retry(EXPONENTIAL)
                .sleep(sleep)
                .when(Failure::is_transient)
                .await
        })
    });
    cases.case(case::PERMANENT_ERROR_SYNC, || {
        Workload::sync(|| {
            BlockingRetryable::retry(give_up, EXPONENTIAL)
                .sleep(thread::sleep)
                .when(Failure::is_transient)
                .call()
        })
    });
}

async fn plain() -> Answer {
    succeed_async
        .retry(EXPONENTIAL)
        .sleep(sleep)
        .when(Failure::is_transient)
        .await
}

async fn within(operation: impl Future<Output = Answer>) -> Answer {
    timeout(TIMEOUT, operation)
        .await
        .unwrap_or(Err(Failure::Busy))
}
