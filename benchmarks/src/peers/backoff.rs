//! `backoff`: a backoff, and an operation that says which of its errors are permanent, as its README has it.
//!
//! It counts no attempts; it would go on for ever.

use std::time::Duration;

use backoff::backoff::Zero;
use backoff::{Error, ExponentialBackoff, ExponentialBackoffBuilder, future, retry};

use super::{BASE, DEADLINE, MAX, TIMER};
use crate::asleep::{DELAY, asleep, wake_up};
use crate::case;
use crate::operation::{
    Answer, Failure, HUNDRED_FAILURES, TWO_FAILURES, give_up, give_up_async, succeed, succeed_async,
};
use crate::subject::{Cases, Party};
use crate::workload::Workload;

pub(super) const PEER: Party = Party {
    name: "backoff",
    cases,
    absent: &[(
        "success_with_timeout_…, all with guards",
        "it has no timeouts and no guards",
    )],
    remarks: &[
        ("all", "without a limit of attempts, which it does not have"),
        ("two_failures_then_success, hundred_failures", TIMER),
    ],
};

fn exponential(jitter: f64, deadline: Option<Duration>) -> ExponentialBackoff {
    ExponentialBackoffBuilder::new()
        .with_initial_interval(BASE)
        .with_multiplier(2.0)
        .with_max_interval(MAX)
        .with_randomization_factor(jitter)
        .with_max_elapsed_time(deadline)
        .build()
}

fn classified(answer: Answer) -> Result<u32, Error<Failure>> {
    answer.map_err(|failure| {
        if failure.is_transient() {
            Error::transient(failure)
        } else {
            Error::permanent(failure)
        }
    })
}

async fn plain() -> Answer {
    future::retry(exponential(0.0, None), async || {
        classified(succeed_async().await)
    })
    .await
}

fn cases(cases: &mut Cases) {
    cases.case(case::SUCCESS_SYNC, || {
        Workload::sync(|| retry(exponential(0.0, None), || classified(succeed())))
    });
    cases.case(case::SUCCESS_ASYNC, || Workload::asynchronous(plain));
    cases.case(case::SUCCESS_ASYNC_DYN, || {
        Workload::asynchronous_dyn(plain)
    });
    cases.case(case::SUCCESS_ASYNC_MULTI_THREAD, || {
        Workload::multi_thread(plain)
    });
    cases.case(case::SUCCESS_WITH_DEADLINE, || {
        Workload::asynchronous(async || {
            let operation = async || classified(succeed_async().await);
            future::retry(exponential(0.0, Some(DEADLINE)), operation).await
        })
    });
    cases.case(case::SUCCESS_WITH_JITTER, || {
        Workload::asynchronous(async || {
            let operation = async || classified(succeed_async().await);
            future::retry(exponential(0.5, None), operation).await
        })
    });

    cases.case(case::TWO_FAILURES_THEN_SUCCESS, || {
        Workload::asynchronous(async || {
            let operation = async || classified(TWO_FAILURES.attempt_async().await);
            future::retry(Zero {}, operation).await
        })
    });
    cases.case(case::TWO_FAILURES_THEN_SUCCESS_SYNC, || {
        Workload::sync(|| retry(Zero {}, || classified(TWO_FAILURES.attempt())))
    });
    cases.case(case::HUNDRED_FAILURES, || {
        Workload::asynchronous(async || {
            let operation = async || classified(HUNDRED_FAILURES.attempt_async().await);
            future::retry(Zero {}, operation).await
        })
    });
    cases.case(case::HUNDRED_FAILURES_SYNC, || {
        Workload::sync(|| retry(Zero {}, || classified(HUNDRED_FAILURES.attempt())))
    });
    cases.case(case::PERMANENT_ERROR, || {
        Workload::asynchronous(async || {
            let operation = async || classified(give_up_async().await);
            future::retry(exponential(0.0, None), operation).await
        })
    });
    cases.case(case::PERMANENT_ERROR_SYNC, || {
        Workload::sync(|| retry(exponential(0.0, None), || classified(give_up())))
    });

    cases.case(case::ASLEEP_100K, || {
        asleep(|| async {
            let constant = backoff::backoff::Constant::new(DELAY);
            let operation = async || classified(wake_up().await);
            future::retry(constant, operation).await
        })
    });
}
