//! `tokio-retry`: a strategy that is an iterator, an action and a condition, as its documentation has it.

use std::iter::Take;

use tokio_retry::RetryIf;
use tokio_retry::strategy::{ExponentialBackoff, FixedInterval, jitter};

use super::{MAX, RETRIES, TIMER};
use crate::asleep::{DELAY, asleep, wake_up};
use crate::case;
use crate::operation::{
    Answer, Failure, HUNDRED_FAILURES, TWO_FAILURES, give_up_async, succeed_async,
};
use crate::subject::{Cases, Party};
use crate::workload::Workload;

pub(super) const PEER: Party = Party {
    name: "tokio-retry",
    cases,
    absent: &[
        ("…_sync", "it is async"),
        (
            "success_with_deadline, success_with_timeout_…, all with guards",
            "it has no deadline, no timeouts and no guards",
        ),
    ],
    remarks: &[("two_failures_…, hundred_failures", TIMER)],
};

/// 2 ms, 4 ms and so on, each times 50.
fn exponential() -> Take<ExponentialBackoff> {
    ExponentialBackoff::from_millis(2)
        .factor(50)
        .max_delay(MAX)
        .take(RETRIES as usize)
}

async fn plain() -> Answer {
    RetryIf::start(exponential(), succeed_async, Failure::is_transient).await
}

fn cases(cases: &mut Cases) {
    cases.case(case::SUCCESS_ASYNC, || Workload::asynchronous(plain));
    cases.case(case::SUCCESS_ASYNC_DYN, || {
        Workload::asynchronous_dyn(plain)
    });
    cases.case(case::SUCCESS_ASYNC_MULTI_THREAD, || {
        Workload::multi_thread(plain)
    });
    cases.case(case::SUCCESS_WITH_JITTER, || {
        Workload::asynchronous(async || {
            let strategy = exponential().map(jitter);
            RetryIf::start(strategy, succeed_async, Failure::is_transient).await
        })
    });

    cases.case(case::TWO_FAILURES_THEN_SUCCESS, || {
        Workload::asynchronous(async || {
            let strategy = FixedInterval::from_millis(0).take(2);
            let action = || TWO_FAILURES.attempt_async();
            RetryIf::start(strategy, action, Failure::is_transient).await
        })
    });
    cases.case(case::HUNDRED_FAILURES, || {
        Workload::asynchronous(async || {
            let strategy = FixedInterval::from_millis(0).take(100);
            let action = || HUNDRED_FAILURES.attempt_async();
            RetryIf::start(strategy, action, Failure::is_transient).await
        })
    });
    cases.case(case::PERMANENT_ERROR, || {
        Workload::asynchronous(async || {
            RetryIf::start(exponential(), give_up_async, Failure::is_transient).await
        })
    });

    cases.case(case::ASLEEP_100K, || {
        asleep(|| async {
            let strategy = FixedInterval::new(DELAY).take(2);
            RetryIf::start(strategy, wake_up, Failure::is_transient).await
        })
    });
}
