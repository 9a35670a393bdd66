//! `failsafe`: a breaker around a function or a future, which retries nothing, as its README has it.

use std::sync::Arc;
use std::time::Duration;

use failsafe::backoff::{Constant, constant};
use failsafe::failure_policy::{
    ConsecutiveFailures, SuccessRateOverTimeWindow, consecutive_failures,
    success_rate_over_time_window,
};
use failsafe::{CircuitBreaker, Config, StateMachine};

use super::OPEN_FOR;
use crate::case;
use crate::operation::{give_up, succeed, succeed_async};
use crate::subject::{Cases, Party};
use crate::workload::{Workload, repeat};

pub(super) const PEER: Party = Party {
    name: "failsafe",
    cases,
    absent: &[("all but breakers", "it is a breaker and nothing else")],
    remarks: &[("all", "without retries: compare with `retry_guard`")],
};

type Breaker = StateMachine<ConsecutiveFailures<Constant>, ()>;
type RateBreaker = StateMachine<SuccessRateOverTimeWindow<Constant>, ()>;

fn breaker() -> Breaker {
    Config::new()
        .failure_policy(consecutive_failures(5, constant(OPEN_FOR)))
        .build()
}

fn rate_breaker() -> RateBreaker {
    let window = Duration::from_secs(60);
    let policy = success_rate_over_time_window(0.5, 100, window, constant(OPEN_FOR));
    Config::new().failure_policy(policy).build()
}

fn cases(cases: &mut Cases) {
    cases.case(case::SUCCESS_WITH_BREAKER, || {
        let breaker = breaker();
        Workload::asynchronous(async move || {
            failsafe::futures::CircuitBreaker::call(&breaker, succeed_async()).await
        })
    });
    cases.case(case::SUCCESS_WITH_RATE_BREAKER, || {
        let breaker = rate_breaker();
        Workload::asynchronous(async move || {
            failsafe::futures::CircuitBreaker::call(&breaker, succeed_async()).await
        })
    });
    cases.case(case::OPEN_CIRCUIT_REJECTION, || {
        let breaker = breaker();
        for _ in 0..5 {
            let _ = CircuitBreaker::call(&breaker, give_up);
        }
        Workload::sync(move || CircuitBreaker::call(&breaker, succeed))
    });

    let shared = Arc::new(breaker());
    cases.on_threads(case::BREAKER_ON_THREADS, move |times| {
        repeat(times, || CircuitBreaker::call(&*shared, succeed));
    });
    let shared = Arc::new(rate_breaker());
    cases.on_threads(case::RATE_BREAKER_ON_THREADS, move |times| {
        repeat(times, || CircuitBreaker::call(&*shared, succeed));
    });
}
