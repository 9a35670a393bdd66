//! `tower-resilience`: layers around a service, in the order that its guide to composition recommends: retry outermost, the breaker inside, so
//! that each attempt votes.

use std::sync::Arc;
use std::time::Duration;

use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_resilience::bulkhead::{BulkheadLayer, BulkheadServiceError};
use tower_resilience::circuitbreaker::{CircuitBreakerError, CircuitBreakerLayer};
use tower_resilience::retry::{
    ExponentialBackoff, ExponentialRandomBackoff, RetryBudget, RetryBudgetBuilder,
    RetryConfigBuilder, RetryLayer,
};
use tower_resilience::timelimiter::{TimeLimiterError, TimeLimiterLayer};

use super::{BASE, DEADLINE, MAX, OPEN_FOR, TIMEOUT, TIMER};
use crate::asleep::{DELAY, asleep, wake_up};
use crate::case;
use crate::operation::{
    Failure, HUNDRED_FAILURES, TWO_FAILURES, give_up_async, succeed_async, succeed_pending_once,
};
use crate::subject::{Cases, Party};
use crate::workload::{Workload, block_on_repeat, current_thread, ready, repeat};

pub(super) const PEER: Party = Party {
    name: "tower-resilience",
    cases,
    absent: &[("…_sync", "it is async")],
    remarks: &[
        ("future", "its futures are boxed: see the bytes of the heap"),
        (
            "success_with_deadline",
            "its time limiter around its retry, which cuts the attempt too",
        ),
        ("two_failures_…, hundred_failures", TIMER),
    ],
};

type Builder<E> = RetryConfigBuilder<(), u32, E>;

fn retry<E: 'static>(is_transient: fn(&E) -> bool) -> Builder<E> {
    RetryLayer::<(), u32, E>::builder()
        .max_attempts(3)
        .backoff(ExponentialBackoff::new(BASE).max_interval(MAX))
        .retry_on(is_transient)
}

fn jittered<E: 'static>(is_transient: fn(&E) -> bool) -> Builder<E> {
    let backoff = ready(ExponentialRandomBackoff::new(BASE, 0.5)).max_interval(MAX);
    retry(is_transient).backoff(backoff)
}

/// As much as ours: ten retries a second, and a hundred at once.
fn budget() -> Arc<dyn RetryBudget> {
    ready(
        RetryBudgetBuilder::new()
            .token_bucket()
            .tokens_per_second(10.0)
            .max_tokens(100)
            .build(),
    )
}

fn breaker() -> CircuitBreakerLayer {
    ready(
        CircuitBreakerLayer::builder()
            .consecutive_failures(5)
            .wait_duration_in_open(OPEN_FOR)
            .build(),
    )
}

fn rate_breaker() -> CircuitBreakerLayer {
    ready(
        CircuitBreakerLayer::builder()
            .failure_rate_threshold(0.5)
            .sliding_window_size(100)
            .wait_duration_in_open(OPEN_FOR)
            .build(),
    )
}

fn bulkhead() -> BulkheadLayer {
    ready(BulkheadLayer::builder().max_concurrent_calls(100).build())
}

fn behind_breaker(error: &CircuitBreakerError<Failure>) -> bool {
    matches!(error, CircuitBreakerError::Inner(failure) if failure.is_transient())
}

fn in_bulkhead(error: &BulkheadServiceError<Failure>) -> bool {
    matches!(error, BulkheadServiceError::Inner(failure) if failure.is_transient())
}

fn in_time(error: &TimeLimiterError<Failure>) -> bool {
    match error {
        TimeLimiterError::Inner(failure) => failure.is_transient(),
        TimeLimiterError::Timeout => true,
    }
}

/// Awaits a service as its documentation does.
fn served<S>(mut service: S) -> impl AsyncFnMut() -> Result<S::Response, S::Error> + 'static
where
    S: Service<()> + 'static,
{
    async move || service.ready().await?.call(()).await
}

fn cases(cases: &mut Cases) {
    success(cases);
    guarded(cases);
    failure(cases);
    on_threads(cases);
    cases.case(case::ASLEEP_100K, || {
        let service = ServiceBuilder::new()
            .layer(retry(Failure::is_transient).fixed_backoff(DELAY).build())
            .service(service_fn(|()| wake_up()));
        asleep(move || service.clone().oneshot(()))
    });
}

fn success(cases: &mut Cases) {
    let plain = || {
        ServiceBuilder::new()
            .layer(retry(Failure::is_transient).build())
            .service(service_fn(|()| succeed_async()))
    };
    cases.case(case::SUCCESS_ASYNC, move || {
        Workload::asynchronous(served(plain()))
    });
    cases.case(case::SUCCESS_ASYNC_DYN, move || {
        Workload::asynchronous_dyn(served(plain()))
    });
    cases.case(case::SUCCESS_WITH_DEADLINE, || {
        let service = ServiceBuilder::new()
            .layer(
                TimeLimiterLayer::builder()
                    .timeout_duration(DEADLINE)
                    .build(),
            )
            .layer(retry(Failure::is_transient).build())
            .service(service_fn(|()| succeed_async()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::SUCCESS_WITH_TIMEOUT_READY, || {
        let service = ServiceBuilder::new()
            .layer(retry(in_time).build())
            .layer(
                TimeLimiterLayer::builder()
                    .timeout_duration(TIMEOUT)
                    .build(),
            )
            .service(service_fn(|()| succeed_async()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::SUCCESS_WITH_TIMEOUT_PENDING_ONCE, || {
        let service = ServiceBuilder::new()
            .layer(retry(in_time).build())
            .layer(
                TimeLimiterLayer::builder()
                    .timeout_duration(TIMEOUT)
                    .build(),
            )
            .service(service_fn(|()| succeed_pending_once()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::SUCCESS_WITH_JITTER, || {
        let service = ServiceBuilder::new()
            .layer(jittered(Failure::is_transient).build())
            .service(service_fn(|()| succeed_async()));
        Workload::asynchronous(served(service))
    });
}

fn guarded(cases: &mut Cases) {
    cases.case(case::SUCCESS_WITH_BREAKER, || {
        let service = ServiceBuilder::new()
            .layer(retry(behind_breaker).build())
            .layer(breaker())
            .service(service_fn(|()| succeed_async()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::SUCCESS_WITH_RATE_BREAKER, || {
        let service = ServiceBuilder::new()
            .layer(retry(behind_breaker).build())
            .layer(rate_breaker())
            .service(service_fn(|()| succeed_async()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::SUCCESS_WITH_BUDGET, || {
        let service = ServiceBuilder::new()
            .layer(retry(Failure::is_transient).budget(budget()).build())
            .service(service_fn(|()| succeed_async()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::SUCCESS_WITH_BULKHEAD, || {
        let service = ServiceBuilder::new()
            .layer(retry(in_bulkhead).build())
            .layer(bulkhead())
            .service(service_fn(|()| succeed_async()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::SUCCESS_WITH_EVERYTHING, || {
        let service = ServiceBuilder::new()
            .layer(
                TimeLimiterLayer::builder()
                    .timeout_duration(DEADLINE)
                    .build(),
            )
            .layer(jittered(|_| true).budget(budget()).build())
            .layer(breaker())
            .layer(bulkhead())
            .layer(
                TimeLimiterLayer::builder()
                    .timeout_duration(TIMEOUT)
                    .build(),
            )
            .service(service_fn(|()| succeed_async()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::OPEN_CIRCUIT_REJECTION, || {
        let breaker = breaker().layer(service_fn(|()| succeed_async()));
        current_thread().block_on(breaker.force_open());
        let service = ServiceBuilder::new()
            .layer(retry(behind_breaker).build())
            .service(breaker);
        Workload::asynchronous(served(service))
    });
}

fn failure(cases: &mut Cases) {
    cases.case(case::TWO_FAILURES_THEN_SUCCESS, || {
        let at_once = retry(Failure::is_transient).fixed_backoff(Duration::ZERO);
        let service = ServiceBuilder::new()
            .layer(at_once.build())
            .service(service_fn(|()| TWO_FAILURES.attempt_async()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::HUNDRED_FAILURES, || {
        let at_once = retry(Failure::is_transient).fixed_backoff(Duration::ZERO);
        let service = ServiceBuilder::new()
            .layer(at_once.max_attempts(101).build())
            .service(service_fn(|()| HUNDRED_FAILURES.attempt_async()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::PERMANENT_ERROR, || {
        let service = ServiceBuilder::new()
            .layer(retry(Failure::is_transient).build())
            .service(service_fn(|()| give_up_async()));
        Workload::asynchronous(served(service))
    });
}

fn on_threads(cases: &mut Cases) {
    let behind_breaker = breaker().layer(service_fn(|()| succeed_async()));
    cases.on_threads(case::BREAKER_ON_THREADS, move |times| {
        block_on_repeat(times, served(behind_breaker.clone()));
    });
    let behind_rate_breaker = rate_breaker().layer(service_fn(|()| succeed_async()));
    cases.on_threads(case::RATE_BREAKER_ON_THREADS, move |times| {
        block_on_repeat(times, served(behind_rate_breaker.clone()));
    });
    let budget = budget();
    cases.on_threads(case::BUDGET_ON_THREADS, move |times| {
        repeat(times, || budget.deposit());
    });
    let in_bulkhead = bulkhead().layer(service_fn(|()| succeed_async()));
    cases.on_threads(case::BULKHEAD_ON_THREADS, move |times| {
        block_on_repeat(times, served(in_bulkhead.clone()));
    });
}
