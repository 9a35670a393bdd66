//! The floor: the operations without anybody's retries.

use tokio::time::sleep;

use crate::asleep::{DELAY, asleep, wake_up};
use crate::case;
use crate::operation::{
    Answer, Flaky, HUNDRED_FAILURES, TWO_FAILURES, give_up, give_up_async, succeed, succeed_async,
    succeed_pending_once,
};
use crate::subject::{Cases, Party};
use crate::workload::Workload;

/// Nobody.
pub const BARE: Party = Party {
    name: "bare",
    cases,
    absent: &[],
    remarks: &[(
        "two_failures_…, hundred_failures_…, asleep_100k",
        "a loop by hand, which counts nothing",
    )],
};

fn cases(cases: &mut Cases) {
    cases.case(case::SUCCESS_SYNC, || Workload::sync(succeed));
    for case in [
        case::SUCCESS_ASYNC,
        case::SUCCESS_WITH_DEADLINE,
        case::SUCCESS_WITH_TIMEOUT_READY,
        case::SUCCESS_WITH_JITTER,
        case::SUCCESS_WITH_TRACING_IDLE,
        case::SUCCESS_WITH_METRICS_IDLE,
        case::SUCCESS_WITH_BREAKER,
        case::SUCCESS_WITH_RATE_BREAKER,
        case::SUCCESS_WITH_BUDGET,
        case::SUCCESS_WITH_BULKHEAD,
        case::SUCCESS_WITH_EVERYTHING,
    ] {
        cases.case(case, || Workload::asynchronous(succeed_async));
    }
    cases.case(case::SUCCESS_ASYNC_DYN, || {
        Workload::asynchronous_dyn(succeed_async)
    });
    cases.case(case::SUCCESS_ASYNC_MULTI_THREAD, || {
        Workload::multi_thread(succeed_async)
    });
    cases.case(case::SUCCESS_WITH_TIMEOUT_PENDING_ONCE, || {
        Workload::asynchronous(succeed_pending_once)
    });

    cases.case(case::TWO_FAILURES_THEN_SUCCESS, || {
        Workload::asynchronous(|| until_success(&TWO_FAILURES))
    });
    cases.case(case::TWO_FAILURES_THEN_SUCCESS_SYNC, || {
        Workload::sync(|| until_success_sync(&TWO_FAILURES))
    });
    cases.case(case::HUNDRED_FAILURES, || {
        Workload::asynchronous(|| until_success(&HUNDRED_FAILURES))
    });
    cases.case(case::HUNDRED_FAILURES_SYNC, || {
        Workload::sync(|| until_success_sync(&HUNDRED_FAILURES))
    });
    cases.case(case::PERMANENT_ERROR, || {
        Workload::asynchronous(give_up_async)
    });
    cases.case(case::PERMANENT_ERROR_SYNC, || Workload::sync(give_up));

    cases.case(case::ASLEEP_100K, || {
        asleep(|| async {
            let answer = wake_up().await;
            if answer.is_ok() {
                return answer;
            }
            sleep(DELAY).await;
            wake_up().await
        })
    });
}

async fn until_success(flaky: &Flaky) -> Answer {
    loop {
        let answer = flaky.attempt_async().await;
        if answer.is_ok() {
            return answer;
        }
    }
}

fn until_success_sync(flaky: &Flaky) -> Answer {
    loop {
        let answer = flaky.attempt();
        if answer.is_ok() {
            return answer;
        }
    }
}
