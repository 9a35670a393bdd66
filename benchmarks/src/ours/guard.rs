//! A guard on its own, for code that is not retried.

use retry_core::{CircuitBreaker, CircuitOpen, ErrorClass};

use super::{BREAKER, BUDGET, BULKHEAD, OPEN, RATE_BREAKER};
use crate::case;
use crate::operation::{Answer, Failure, succeed, succeed_async};
use crate::subject::{Cases, Party};
use crate::workload::{Workload, block_on_repeat, repeat};

/// The guards.
pub const GUARD: Party = Party {
    name: "retry_guard",
    cases,
    absent: &[(
        "the rest",
        "a guard on its own retries nothing: this is for peers that are nothing but a guard",
    )],
    remarks: &[],
};

/// What an open circuit means to the caller.
fn refused(_: CircuitOpen) -> Failure {
    Failure::Refused
}

/// As the documentation of `try_acquire` has it.
fn through(breaker: &CircuitBreaker) -> Answer {
    let permit = breaker.try_acquire().map_err(refused)?;
    let answer = succeed();
    match answer {
        Ok(_) => permit.succeed(),
        Err(_) => permit.fail(ErrorClass::Transient),
    }
    answer
}

async fn through_async(breaker: &CircuitBreaker) -> Answer {
    let permit = breaker.try_acquire().map_err(refused)?;
    let answer = succeed_async().await;
    match answer {
        Ok(_) => permit.succeed(),
        Err(_) => permit.fail(ErrorClass::Transient),
    }
    answer
}

fn cases(cases: &mut Cases) {
    cases.case(case::SUCCESS_WITH_BREAKER, || {
        Workload::asynchronous(|| through_async(&BREAKER))
    });
    cases.case(case::SUCCESS_WITH_RATE_BREAKER, || {
        Workload::asynchronous(|| through_async(&RATE_BREAKER))
    });
    cases.case(case::SUCCESS_WITH_BULKHEAD, || {
        Workload::asynchronous(async || {
            let _permit = BULKHEAD.acquire().await;
            succeed_async().await
        })
    });
    cases.case(case::OPEN_CIRCUIT_REJECTION, || {
        OPEN.force_open();
        Workload::sync(|| through(&OPEN))
    });

    cases.on_threads(case::BREAKER_ON_THREADS, |times| {
        repeat(times, || through(&BREAKER));
    });
    cases.on_threads(case::RATE_BREAKER_ON_THREADS, |times| {
        repeat(times, || through(&RATE_BREAKER));
    });
    cases.on_threads(case::BUDGET_ON_THREADS, |times| {
        repeat(times, || {
            BUDGET.deposit();
            let answer = succeed();
            BUDGET.succeeded();
            answer
        });
    });
    cases.on_threads(case::BULKHEAD_ON_THREADS, |times| {
        block_on_repeat(times, async || {
            let _permit = BULKHEAD.acquire().await;
            succeed_async().await
        });
    });
}
