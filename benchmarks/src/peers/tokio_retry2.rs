//! `tokio-retry2`: a strategy that is an iterator, and an action that says which of its errors are transient, as its README has it.

use std::iter::Take;

use tokio_retry2::strategy::{ExponentialFactorBackoff, FixedInterval, jitter};
use tokio_retry2::{Retry, RetryError};

use super::{BASE, MAX, RETRIES, TIMER};
use crate::asleep::{DELAY, asleep, wake_up};
use crate::case;
use crate::operation::{
    Answer, Failure, HUNDRED_FAILURES, TWO_FAILURES, give_up_async, succeed_async,
};
use crate::subject::{Cases, Party};
use crate::workload::Workload;

pub(super) const PEER: Party = Party {
    name: "tokio-retry2",
    cases,
    absent: &[
        ("…_sync", "it is async"),
        (
            "success_with_deadline",
            "its `max_interval` adds up sleeps and looks at no clock",
        ),
        (
            "success_with_timeout_…, all with guards",
            "it has no timeouts and no guards",
        ),
    ],
    remarks: &[("two_failures_…, hundred_failures", TIMER)],
};

#[expect(
    clippy::cast_possible_truncation,
    reason = "it is a hundred milliseconds"
)]
fn exponential() -> Take<ExponentialFactorBackoff> {
    ExponentialFactorBackoff::from_millis(BASE.as_millis() as u64, 2.0)
        .max_delay(MAX)
        .take(RETRIES as usize)
}

fn classified(answer: Answer) -> Result<u32, RetryError<Failure>> {
    answer.map_err(|failure| {
        if failure.is_transient() {
            RetryError::transient(failure)
        } else {
            RetryError::permanent(failure)
        }
    })
}

async fn plain() -> Answer {
    let action = async || classified(succeed_async().await);
    Retry::spawn(exponential(), action).await
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
            let action = async || classified(succeed_async().await);
            Retry::spawn(exponential().map(jitter), action).await
        })
    });

    cases.case(case::TWO_FAILURES_THEN_SUCCESS, || {
        Workload::asynchronous(async || {
            let action = async || classified(TWO_FAILURES.attempt_async().await);
            Retry::spawn(FixedInterval::from_millis(0).take(2), action).await
        })
    });
    cases.case(case::HUNDRED_FAILURES, || {
        Workload::asynchronous(async || {
            let action = async || classified(HUNDRED_FAILURES.attempt_async().await);
            Retry::spawn(FixedInterval::from_millis(0).take(100), action).await
        })
    });
    cases.case(case::PERMANENT_ERROR, || {
        Workload::asynchronous(async || {
            let action = async || classified(give_up_async().await);
            Retry::spawn(exponential(), action).await
        })
    });

    cases.case(case::ASLEEP_100K, || {
        asleep(|| async {
            let action = async || classified(wake_up().await);
            Retry::spawn(FixedInterval::new(DELAY).take(2), action).await
        })
    });
}
