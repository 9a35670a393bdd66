//! `tryhard`: a function that makes futures, how often, and a backoff, as its README has it.
//!
//! It looks at an error in a backoff of the user's own, which is what it does where the error matters.

use tryhard::{RetryPolicy, retry_fn};

use super::{BASE, MAX, RETRIES, TIMER};
use crate::asleep::{DELAY, asleep, wake_up};
use crate::case;
use crate::operation::{
    Answer, Failure, HUNDRED_FAILURES, TWO_FAILURES, give_up_async, succeed_async,
};
use crate::subject::{Cases, Party};
use crate::workload::Workload;

pub(super) const PEER: Party = Party {
    name: "tryhard",
    cases,
    absent: &[
        ("…_sync", "it is async"),
        ("success_with_jitter", "it has none"),
        (
            "success_with_deadline, success_with_timeout_…, all with guards",
            "it has no deadline, no timeouts and no guards",
        ),
    ],
    remarks: &[("two_failures_…, hundred_failures", TIMER)],
};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "it is called with that")]
fn unless_permanent(attempt: u32, failure: &Failure) -> RetryPolicy {
    if failure.is_transient() {
        RetryPolicy::Delay(BASE * 2_u32.saturating_pow(attempt - 1))
    } else {
        RetryPolicy::Break
    }
}

async fn plain() -> Answer {
    retry_fn(succeed_async)
        .retries(RETRIES)
        .exponential_backoff(BASE)
        .max_delay(MAX)
        .await
}

fn cases(cases: &mut Cases) {
    cases.case(case::SUCCESS_ASYNC, || Workload::asynchronous(plain));
    cases.case(case::SUCCESS_ASYNC_DYN, || {
        Workload::asynchronous_dyn(plain)
    });
    cases.case(case::SUCCESS_ASYNC_MULTI_THREAD, || {
        Workload::multi_thread(plain)
    });

    cases.case(case::TWO_FAILURES_THEN_SUCCESS, || {
        Workload::asynchronous(async || retry_fn(|| TWO_FAILURES.attempt_async()).retries(2).await)
    });
    cases.case(case::HUNDRED_FAILURES, || {
        Workload::asynchronous(async || {
            retry_fn(|| HUNDRED_FAILURES.attempt_async())
                .retries(100)
                .await
        })
    });
    cases.case(case::PERMANENT_ERROR, || {
        Workload::asynchronous(async || {
            retry_fn(give_up_async)
                .retries(RETRIES)
                .custom_backoff(unless_permanent)
                .max_delay(MAX)
                .await
        })
    });

    cases.case(case::ASLEEP_100K, || {
        asleep(|| async {
            retry_fn(wake_up)
                .retries(RETRIES)
                .fixed_backoff(DELAY)
                .await
        })
    });
}
