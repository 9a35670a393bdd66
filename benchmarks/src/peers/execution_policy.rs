//! `execution-policy`: a policy that is built once and runs closures, as its README has it.

use std::sync::Arc;
use std::time::Duration;

use execution_policy::{
    CircuitBreaker, ConcurrencyLimit, DefaultCore, ExecutionPolicy, ExecutionPolicyBuilder, Jitter,
    Retry, RetryBudget,
};

use super::{BASE, DEADLINE, MAX, OPEN_FOR, TIMEOUT};
use crate::asleep::{DELAY, asleep, wake_up};
use crate::case;
use crate::operation::{
    Answer, Failure, HUNDRED_FAILURES, TWO_FAILURES, give_up_async, succeed_async,
    succeed_pending_once,
};
use crate::subject::{Cases, Party};
use crate::workload::{Workload, block_on_repeat, current_thread};

pub(super) const PEER: Party = Party {
    name: "execution-policy",
    cases,
    absent: &[
        ("…_sync", "it is async"),
        (
            "success_async_multi_thread",
            "the future of its `run` is not `Send` in general; with `run_boxed` it is measured in asleep_100k",
        ),
    ],
    remarks: &[(
        "breaker_…, bulkhead_…, budget_…",
        "a policy with that guard and nothing else, as it has no guards on their own",
    )],
};

type Policy = ExecutionPolicy<DefaultCore, u32, Failure>;
type PolicyBuilder = ExecutionPolicyBuilder<u32, Failure>;

fn exponential() -> Retry<u32, Failure> {
    Retry::exponential()
        .max_attempts(3)
        .base_delay(BASE)
        .max_delay(MAX)
        .when(Failure::is_transient)
}

fn retry(retry: Retry<u32, Failure>) -> PolicyBuilder {
    PolicyBuilder::new().retry(retry)
}

fn breaker() -> CircuitBreaker<Failure> {
    CircuitBreaker::consecutive_failures(5).open_for(OPEN_FOR)
}

fn rate_breaker() -> CircuitBreaker<Failure> {
    CircuitBreaker::failure_ratio()
        .ratio(0.5)
        .minimum_throughput(100)
        .sampling_window(Duration::from_secs(60))
        .open_for(OPEN_FOR)
}

fn bulkhead() -> ConcurrencyLimit {
    ConcurrencyLimit::operations(100)
}

/// What the README does with a policy.
fn running<F>(policy: Policy, operation: fn() -> F) -> Workload
where
    F: Future<Output = Answer> + 'static,
{
    Workload::asynchronous(async move || policy.run(operation).await)
}

fn cases(cases: &mut Cases) {
    success(cases);
    guarded(cases);
    failure(cases);
    on_threads(cases);
    cases.case(case::ASLEEP_100K, || {
        let policy = Arc::new(retry(Retry::fixed(DELAY)).build());
        // The future of `run` is not `Send`; this is what its documentation recommends for tasks.
        asleep(move || {
            let policy = Arc::clone(&policy);
            async move { policy.run_boxed(|| Box::pin(wake_up())).await }
        })
    });
}

fn success(cases: &mut Cases) {
    cases.case(case::SUCCESS_ASYNC, || {
        running(retry(exponential()).build(), succeed_async)
    });
    cases.case(case::SUCCESS_ASYNC_DYN, || {
        let policy = retry(exponential()).build();
        Workload::asynchronous_dyn(async move || policy.run(succeed_async).await)
    });
    cases.case(case::SUCCESS_WITH_DEADLINE, || {
        let policy = retry(exponential()).total_timeout(DEADLINE);
        running(policy.build(), succeed_async)
    });
    cases.case(case::SUCCESS_WITH_TIMEOUT_READY, || {
        let policy = retry(exponential()).attempt_timeout(TIMEOUT);
        running(policy.build(), succeed_async)
    });
    cases.case(case::SUCCESS_WITH_TIMEOUT_PENDING_ONCE, || {
        let policy = retry(exponential()).attempt_timeout(TIMEOUT);
        running(policy.build(), succeed_pending_once)
    });
    cases.case(case::SUCCESS_WITH_JITTER, || {
        let policy = retry(exponential().jitter(Jitter::Full));
        running(policy.build(), succeed_async)
    });
}

fn guarded(cases: &mut Cases) {
    cases.case(case::SUCCESS_WITH_BREAKER, || {
        let policy = retry(exponential()).circuit_breaker(breaker());
        running(policy.build(), succeed_async)
    });
    cases.case(case::SUCCESS_WITH_RATE_BREAKER, || {
        let policy = retry(exponential()).circuit_breaker(rate_breaker());
        running(policy.build(), succeed_async)
    });
    cases.case(case::SUCCESS_WITH_BUDGET, || {
        let policy = retry(exponential().budget(RetryBudget::standard()));
        running(policy.build(), succeed_async)
    });
    cases.case(case::SUCCESS_WITH_BULKHEAD, || {
        let policy = retry(exponential()).concurrency_limit(bulkhead());
        running(policy.build(), succeed_async)
    });
    cases.case(case::SUCCESS_WITH_EVERYTHING, || {
        let retries = exponential()
            .jitter(Jitter::Full)
            .budget(RetryBudget::standard());
        let policy = retry(retries)
            .total_timeout(DEADLINE)
            .attempt_timeout(TIMEOUT)
            .circuit_breaker(breaker())
            .concurrency_limit(bulkhead());
        running(policy.build(), succeed_async)
    });
    cases.case(case::OPEN_CIRCUIT_REJECTION, || {
        let policy = retry(exponential()).circuit_breaker(breaker()).build();
        current_thread().block_on(async {
            for _ in 0..5 {
                let _ = policy.run(give_up_async).await;
            }
        });
        running(policy, succeed_async)
    });
}

fn failure(cases: &mut Cases) {
    cases.case(case::TWO_FAILURES_THEN_SUCCESS, || {
        let policy = retry(Retry::fixed(Duration::ZERO).when(Failure::is_transient));
        running(policy.build(), || TWO_FAILURES.attempt_async())
    });
    cases.case(case::HUNDRED_FAILURES, || {
        let retries = Retry::fixed(Duration::ZERO).max_attempts(101);
        let policy = retry(retries.when(Failure::is_transient));
        running(policy.build(), || HUNDRED_FAILURES.attempt_async())
    });
    cases.case(case::PERMANENT_ERROR, || {
        running(retry(exponential()).build(), give_up_async)
    });
}

fn on_threads(cases: &mut Cases) {
    let policies = [
        (
            case::BREAKER_ON_THREADS,
            PolicyBuilder::new().circuit_breaker(breaker()),
        ),
        (
            case::RATE_BREAKER_ON_THREADS,
            PolicyBuilder::new().circuit_breaker(rate_breaker()),
        ),
        (
            case::BUDGET_ON_THREADS,
            retry(exponential().budget(RetryBudget::standard())),
        ),
        (
            case::BULKHEAD_ON_THREADS,
            PolicyBuilder::new().concurrency_limit(bulkhead()),
        ),
    ];
    for (on_threads, policy) in policies {
        let policy = Arc::new(policy.build());
        cases.on_threads(on_threads, move |times| {
            block_on_repeat(times, async || policy.run(succeed_async).await);
        });
    }
}
