//! `backon-macros`: the attribute for `backon`, which takes paths of functions.

use std::future::{Ready, ready};
use std::time::Duration;

use backon::{ConstantBuilder, ExponentialBuilder};
use backon_macros::backon;

use super::{BASE, MAX, RETRIES};
use crate::asleep::{DELAY, asleep, wake_up};
use crate::case;
use crate::operation::{
    Answer, Failure, HUNDRED_FAILURES, TWO_FAILURES, give_up, give_up_async, succeed, succeed_async,
};
use crate::subject::{Cases, Party};
use crate::workload::Workload;

pub(super) const PEER: Party = Party {
    name: "backon-macros",
    cases,
    absent: &[(
        "success_with_deadline, success_with_timeout_…, all with guards",
        "it has what `backon` has",
    )],
    remarks: &[],
};

const fn exponential() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(BASE)
        .with_max_delay(MAX)
        .with_max_times(RETRIES as usize)
}

const fn jittered() -> ExponentialBuilder {
    exponential().with_jitter()
}

const fn at_once() -> ConstantBuilder {
    ConstantBuilder::new()
        .with_delay(Duration::ZERO)
        .with_max_times(RETRIES as usize)
}

const fn often_at_once() -> ConstantBuilder {
    at_once().with_max_times(100)
}

const fn after_a_while() -> ConstantBuilder {
    ConstantBuilder::new().with_delay(DELAY)
}

fn not_at_all(_: Duration) -> Ready<()> {
    ready(())
}

#[backon(backoff = exponential, sleep = std::thread::sleep, when = Failure::is_transient)]
fn plain_sync() -> Answer {
    succeed()
}

#[backon(backoff = exponential, sleep = tokio::time::sleep, when = Failure::is_transient)]
async fn plain() -> Answer {
    succeed_async().await
}

#[backon(backoff = jittered, sleep = tokio::time::sleep, when = Failure::is_transient)]
async fn with_jitter() -> Answer {
    succeed_async().await
}

#[backon(backoff = at_once, sleep = not_at_all, when = Failure::is_transient)]
async fn two_failures() -> Answer {
    TWO_FAILURES.attempt_async().await
}

#[backon(backoff = at_once, sleep = std::thread::sleep, when = Failure::is_transient)]
fn two_failures_sync() -> Answer {
    TWO_FAILURES.attempt()
}

#[backon(backoff = often_at_once, sleep = not_at_all, when = Failure::is_transient)]
async fn hundred_failures() -> Answer {
    HUNDRED_FAILURES.attempt_async().await
}

#[backon(backoff = often_at_once, sleep = std::thread::sleep, when = Failure::is_transient)]
fn hundred_failures_sync() -> Answer {
    HUNDRED_FAILURES.attempt()
}

#[backon(backoff = exponential, sleep = tokio::time::sleep, when = Failure::is_transient)]
async fn permanent_error() -> Answer {
    give_up_async().await
}

#[backon(backoff = exponential, sleep = std::thread::sleep, when = Failure::is_transient)]
fn permanent_error_sync() -> Answer {
    give_up()
}

#[backon(backoff = after_a_while, sleep = tokio::time::sleep, when = Failure::is_transient)]
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
    cases.case(case::SUCCESS_WITH_JITTER, || {
        Workload::asynchronous(with_jitter)
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
