//! `again`: a policy that is made once and retries futures, as its README has it.

use std::time::Duration;

use again::RetryPolicy;

use super::{BASE, MAX, RETRIES};
use crate::asleep::{DELAY, asleep, wake_up};
use crate::case;
use crate::operation::{
    Answer, Failure, HUNDRED_FAILURES, TWO_FAILURES, give_up_async, succeed_async,
};
use crate::subject::{Cases, Party};
use crate::workload::Workload;

pub(super) const PEER: Party = Party {
    name: "again",
    cases,
    absent: &[
        ("…_sync", "it is async"),
        (
            "success_with_deadline, success_with_timeout_…, all with guards",
            "it has no deadline, no timeouts and no guards",
        ),
    ],
    remarks: &[(
        "two_failures_…, hundred_failures, asleep_100k",
        "sleeps on a timer of its own, a thread that wakes the runtime's; it has woken the sleepers before the time counts",
    )],
};

fn exponential() -> RetryPolicy {
    RetryPolicy::exponential(BASE)
        .with_max_delay(MAX)
        .with_max_retries(RETRIES as usize)
}

fn at_once() -> RetryPolicy {
    RetryPolicy::fixed(Duration::ZERO).with_max_retries(100)
}

async fn plain() -> Answer {
    exponential()
        .retry_if(succeed_async, Failure::is_transient)
        .await
}

fn cases(cases: &mut Cases) {
    cases.case(case::SUCCESS_ASYNC, || {
        let policy = exponential();
        Workload::asynchronous(async move || {
            policy.retry_if(succeed_async, Failure::is_transient).await
        })
    });
    cases.case(case::SUCCESS_ASYNC_DYN, || {
        let policy = exponential();
        Workload::asynchronous_dyn(async move || {
            policy.retry_if(succeed_async, Failure::is_transient).await
        })
    });
    cases.case(case::SUCCESS_ASYNC_MULTI_THREAD, || {
        Workload::multi_thread(plain)
    });
    cases.case(case::SUCCESS_WITH_JITTER, || {
        let policy = exponential().with_jitter(true);
        Workload::asynchronous(async move || {
            policy.retry_if(succeed_async, Failure::is_transient).await
        })
    });

    cases.case(case::TWO_FAILURES_THEN_SUCCESS, || {
        let policy = at_once();
        Workload::asynchronous(async move || {
            let task = || TWO_FAILURES.attempt_async();
            policy.retry_if(task, Failure::is_transient).await
        })
    });
    cases.case(case::HUNDRED_FAILURES, || {
        let policy = at_once();
        Workload::asynchronous(async move || {
            let task = || HUNDRED_FAILURES.attempt_async();
            policy.retry_if(task, Failure::is_transient).await
        })
    });
    cases.case(case::PERMANENT_ERROR, || {
        let policy = exponential();
        Workload::asynchronous(async move || {
            policy.retry_if(give_up_async, Failure::is_transient).await
        })
    });

    cases.case(case::ASLEEP_100K, || {
        asleep(|| async {
            let policy = RetryPolicy::fixed(DELAY);
            policy.retry_if(wake_up, Failure::is_transient).await
        })
    });
}
