//! `recloser`: a breaker around a function or a future, which retries nothing, as its README has it.

use std::sync::Arc;

use recloser::{AsyncRecloser, Recloser};

use super::OPEN_FOR;
use crate::case;
use crate::operation::{give_up, succeed, succeed_async};
use crate::subject::{Cases, Party};
use crate::workload::{Workload, repeat};

pub(super) const PEER: Party = Party {
    name: "recloser",
    cases,
    absent: &[("all but breakers", "it is a breaker and nothing else")],
    remarks: &[
        ("all", "without retries: compare with `retry_guard`"),
        (
            "success_with_breaker, breaker_…",
            "with the share of failures among the latest hundred, as it knows no other rule",
        ),
    ],
};

fn breaker() -> Recloser {
    Recloser::custom()
        .error_rate(0.5)
        .closed_len(100)
        .half_open_len(10)
        .open_wait(OPEN_FOR)
        .build()
}

fn cases(cases: &mut Cases) {
    for case in [case::SUCCESS_WITH_BREAKER, case::SUCCESS_WITH_RATE_BREAKER] {
        cases.case(case, || {
            let breaker = AsyncRecloser::from(breaker());
            Workload::asynchronous(async move || breaker.call(succeed_async()).await)
        });
    }
    cases.case(case::OPEN_CIRCUIT_REJECTION, || {
        let breaker = breaker();
        for _ in 0..=100 {
            let _ = breaker.call(give_up);
        }
        Workload::sync(move || breaker.call(succeed))
    });

    for on_threads in [case::BREAKER_ON_THREADS, case::RATE_BREAKER_ON_THREADS] {
        let shared = Arc::new(breaker());
        cases.on_threads(on_threads, move |times| {
            repeat(times, || shared.call(succeed));
        });
    }
}
