//! `mulligan`: until what, how often, how patiently, as its documentation has it.

use std::time::Duration;

use mulligan::until;

use super::{BASE, MAX, RETRIES, TIMER};
use crate::asleep::{DELAY, asleep, wake_up};
use crate::case;
use crate::operation::{
    Answer, HUNDRED_FAILURES, TWO_FAILURES, give_up, give_up_async, succeed, succeed_async,
};
use crate::subject::{Cases, Party};
use crate::workload::Workload;

pub(super) const PEER: Party = Party {
    name: "mulligan",
    cases,
    absent: &[(
        "success_with_deadline, success_with_timeout_…, all with guards",
        "it has no deadline, no timeouts and no guards",
    )],
    remarks: &[("two_failures_then_success, hundred_failures", TIMER)],
};

/// A success, or an error that no other attempt can help.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "it is called with that")]
fn is_final(answer: &Answer) -> bool {
    !answer.is_err_and(|failure| failure.is_transient())
}

async fn plain() -> Answer {
    until(is_final)
        .stop_after(RETRIES)
        .max_delay(MAX)
        .exponential(BASE)
        .execute(succeed_async)
        .await
}

fn cases(cases: &mut Cases) {
    cases.case(case::SUCCESS_SYNC, || {
        Workload::sync(|| {
            until(is_final)
                .stop_after(RETRIES)
                .max_delay(MAX)
                .exponential(BASE)
                .execute_sync(succeed)
        })
    });
    cases.case(case::SUCCESS_ASYNC, || Workload::asynchronous(plain));
    cases.case(case::SUCCESS_ASYNC_DYN, || {
        Workload::asynchronous_dyn(plain)
    });
    cases.case(case::SUCCESS_ASYNC_MULTI_THREAD, || {
        Workload::multi_thread(plain)
    });
    cases.case(case::SUCCESS_WITH_JITTER, || {
        Workload::asynchronous(async || {
            until(is_final)
                .stop_after(RETRIES)
                .max_delay(MAX)
                .full_jitter()
                .exponential(BASE)
                .execute(succeed_async)
                .await
        })
    });

    cases.case(case::TWO_FAILURES_THEN_SUCCESS, || {
        Workload::asynchronous(async || {
            until(is_final)
                .stop_after(2)
                .execute(|| TWO_FAILURES.attempt_async())
                .await
        })
    });
    cases.case(case::TWO_FAILURES_THEN_SUCCESS_SYNC, || {
        Workload::sync(|| {
            until(is_final)
                .stop_after(2)
                .fixed(Duration::ZERO)
                .execute_sync(|| TWO_FAILURES.attempt())
        })
    });
    cases.case(case::HUNDRED_FAILURES, || {
        Workload::asynchronous(async || {
            until(is_final)
                .stop_after(100)
                .execute(|| HUNDRED_FAILURES.attempt_async())
                .await
        })
    });
    cases.case(case::HUNDRED_FAILURES_SYNC, || {
        Workload::sync(|| {
            until(is_final)
                .stop_after(100)
                .fixed(Duration::ZERO)
                .execute_sync(|| HUNDRED_FAILURES.attempt())
        })
    });
    cases.case(case::PERMANENT_ERROR, || {
        Workload::asynchronous(async || {
            until(is_final)
                .stop_after(RETRIES)
                .max_delay(MAX)
                .exponential(BASE)
                .execute(give_up_async)
                .await
        })
    });
    cases.case(case::PERMANENT_ERROR_SYNC, || {
        Workload::sync(|| {
            until(is_final)
                .stop_after(RETRIES)
                .max_delay(MAX)
                .exponential(BASE)
                .execute_sync(give_up)
        })
    });

    cases.case(case::ASLEEP_100K, || {
        asleep(|| async {
            until(is_final)
                .stop_after(RETRIES)
                .fixed(DELAY)
                .execute(wake_up)
                .await
        })
    });
}
