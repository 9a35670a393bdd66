//! A guard on its own, for code that is not retried.

use retry_core::CircuitPermit;

use super::{BREAKER, BUDGET, BULKHEAD, OPEN, RATE_BREAKER};
use crate::case;
use crate::operation::{succeed, succeed_async};
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

fn cases(cases: &mut Cases) {
    cases.case(case::SUCCESS_WITH_BREAKER, || {
        Workload::asynchronous(async || {
            let permit = BREAKER.try_acquire();
            let answer = succeed_async().await;
            permit.map(CircuitPermit::succeed).and(Ok(answer))
        })
    });
    cases.case(case::SUCCESS_WITH_RATE_BREAKER, || {
        Workload::asynchronous(async || {
            let permit = RATE_BREAKER.try_acquire();
            let answer = succeed_async().await;
            permit.map(CircuitPermit::succeed).and(Ok(answer))
        })
    });
    cases.case(case::SUCCESS_WITH_BULKHEAD, || {
        Workload::asynchronous(async || {
            let _permit = BULKHEAD.acquire().await;
            succeed_async().await
        })
    });
    cases.case(case::OPEN_CIRCUIT_REJECTION, || {
        OPEN.force_open();
        Workload::sync(|| OPEN.try_acquire().map(CircuitPermit::succeed))
    });

    cases.on_threads(case::BREAKER_ON_THREADS, |times| {
        repeat(times, || {
            let permit = BREAKER.try_acquire();
            let answer = succeed();
            permit.map(CircuitPermit::succeed).and(Ok(answer))
        });
    });
    cases.on_threads(case::RATE_BREAKER_ON_THREADS, |times| {
        repeat(times, || {
            let permit = RATE_BREAKER.try_acquire();
            let answer = succeed();
            permit.map(CircuitPermit::succeed).and(Ok(answer))
        });
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
