//! `tower`: its retry layer around a service, with a policy of the user's own, which is how its documentation of `Policy` has it.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Sleep, sleep};
use tower::retry::backoff::{Backoff, ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff};
use tower::retry::budget::{Budget, TpsBudget};
use tower::retry::{Policy, RetryLayer};
use tower::util::rng::HasherRng;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

use super::{BASE, DEADLINE, MAX, RETRIES, TIMEOUT};
use crate::asleep::{DELAY, asleep, wake_up};
use crate::case;
use crate::operation::{
    Failure, HUNDRED_FAILURES, TWO_FAILURES, give_up_async, succeed_async, succeed_pending_once,
};
use crate::subject::{Cases, Party};
use crate::workload::{Workload, block_on_repeat, ready as made, repeat};

pub(super) const PEER: Party = Party {
    name: "tower",
    cases,
    absent: &[
        ("…_sync", "it is async"),
        ("all with a breaker", "it has none"),
    ],
    remarks: &[
        (
            "success_with_deadline",
            "its timeout around its retry, which cuts the attempt too",
        ),
        (
            "future",
            "of the block around its service, which is made before and reused",
        ),
        (
            "bulkhead_…",
            "its concurrency limit, a clone of the service for each thread",
        ),
    ],
};

/// Retries what is transient, so many times, after a backoff.
#[derive(Clone)]
struct Attempts<B> {
    left: u32,
    backoff: B,
}

/// What a policy asks of an error.
trait IsTransient {
    fn is_transient(&self) -> bool;
}

impl IsTransient for Failure {
    fn is_transient(&self) -> bool {
        Failure::is_transient(self)
    }
}

impl IsTransient for BoxError {
    fn is_transient(&self) -> bool {
        self.downcast_ref::<Failure>()
            .is_none_or(Failure::is_transient)
    }
}

impl<B: Backoff, E: IsTransient> Policy<(), u32, E> for Attempts<B> {
    type Future = B::Future;

    fn retry(&mut self, (): &mut (), result: &mut Result<u32, E>) -> Option<B::Future> {
        match result {
            Err(error) if self.left > 0 && error.is_transient() => {
                self.left -= 1;
                Some(self.backoff.next_backoff())
            }
            _ => None,
        }
    }

    fn clone_request(&mut self, (): &()) -> Option<()> {
        Some(())
    }
}

/// The same, within a budget.
#[derive(Clone)]
struct Budgeted<B> {
    attempts: Attempts<B>,
    budget: Arc<TpsBudget>,
}

impl<B: Backoff> Policy<(), u32, Failure> for Budgeted<B> {
    type Future = B::Future;

    fn retry(&mut self, (): &mut (), result: &mut Result<u32, Failure>) -> Option<B::Future> {
        if result.is_ok() {
            self.budget.deposit();
            return None;
        }
        let retry = self.attempts.retry(&mut (), result)?;
        self.budget.withdraw().then_some(retry)
    }

    fn clone_request(&mut self, (): &()) -> Option<()> {
        Some(())
    }
}

#[derive(Clone)]
struct NoBackoff;

impl Backoff for NoBackoff {
    type Future = Ready<()>;

    fn next_backoff(&mut self) -> Ready<()> {
        ready(())
    }
}

#[derive(Clone)]
struct Constant(Duration);

impl Backoff for Constant {
    type Future = Sleep;

    fn next_backoff(&mut self) -> Sleep {
        sleep(self.0)
    }
}

fn attempts(jitter: f64) -> Attempts<ExponentialBackoff> {
    let maker = ExponentialBackoffMaker::new(BASE, MAX, jitter, HasherRng::new());
    Attempts {
        left: RETRIES,
        backoff: made(maker).make_backoff(),
    }
}

fn at_once(retries: u32) -> Attempts<NoBackoff> {
    Attempts {
        left: retries,
        backoff: NoBackoff,
    }
}

/// As much as ours: a fifth of the calls, and ten a second.
fn budget() -> Arc<TpsBudget> {
    Arc::new(TpsBudget::new(Duration::from_secs(10), 10, 0.2))
}

/// Awaits a service as its documentation does.
fn served<S>(mut service: S) -> impl AsyncFnMut() -> Result<S::Response, S::Error> + 'static
where
    S: Service<()> + 'static,
{
    async move || service.ready().await?.call(()).await
}

fn cases(cases: &mut Cases) {
    let plain = || {
        ServiceBuilder::new()
            .layer(RetryLayer::new(attempts(0.0)))
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
            .timeout(DEADLINE)
            .layer(RetryLayer::new(attempts(0.0)))
            .service(service_fn(|()| succeed_async()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::SUCCESS_WITH_TIMEOUT_READY, || {
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(attempts(0.0)))
            .timeout(TIMEOUT)
            .service(service_fn(|()| succeed_async()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::SUCCESS_WITH_TIMEOUT_PENDING_ONCE, || {
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(attempts(0.0)))
            .timeout(TIMEOUT)
            .service(service_fn(|()| succeed_pending_once()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::SUCCESS_WITH_JITTER, || {
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(attempts(0.5)))
            .service(service_fn(|()| succeed_async()));
        Workload::asynchronous(served(service))
    });

    cases.case(case::SUCCESS_WITH_BUDGET, || {
        let policy = Budgeted {
            attempts: attempts(0.0),
            budget: budget(),
        };
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(policy))
            .service(service_fn(|()| succeed_async()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::SUCCESS_WITH_BULKHEAD, || {
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(attempts(0.0)))
            .concurrency_limit(100)
            .service(service_fn(|()| succeed_async()));
        Workload::asynchronous(served(service))
    });

    cases.case(case::TWO_FAILURES_THEN_SUCCESS, || {
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(at_once(2)))
            .service(service_fn(|()| TWO_FAILURES.attempt_async()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::HUNDRED_FAILURES, || {
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(at_once(100)))
            .service(service_fn(|()| HUNDRED_FAILURES.attempt_async()));
        Workload::asynchronous(served(service))
    });
    cases.case(case::PERMANENT_ERROR, || {
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(attempts(0.0)))
            .service(service_fn(|()| give_up_async()));
        Workload::asynchronous(served(service))
    });

    let shared = budget();
    cases.on_threads(case::BUDGET_ON_THREADS, move |times| {
        repeat(times, || shared.deposit());
    });
    let limited = ServiceBuilder::new()
        .concurrency_limit(100)
        .service(service_fn(|()| succeed_async()));
    cases.on_threads(case::BULKHEAD_ON_THREADS, move |times| {
        block_on_repeat(times, served(limited.clone()));
    });

    cases.case(case::ASLEEP_100K, || {
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(Attempts {
                left: RETRIES,
                backoff: Constant(DELAY),
            }))
            .service(service_fn(|()| wake_up()));
        asleep(move || service.clone().oneshot(()))
    });
}
