//! `tokio::sync::Semaphore`: what a bulkhead is made of by hand.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::case;
use crate::operation::succeed_async;
use crate::subject::{Cases, Party};
use crate::workload::{Workload, block_on_repeat};

pub(super) const PEER: Party = Party {
    name: "tokio",
    cases,
    absent: &[("all but bulkheads", "it has nothing to retry with")],
    remarks: &[(
        "all",
        "a bare semaphore, without retries and without a limit for the queue: compare with `retry_guard`",
    )],
};

fn cases(cases: &mut Cases) {
    cases.case(case::SUCCESS_WITH_BULKHEAD, || {
        let semaphore = Semaphore::new(100);
        Workload::asynchronous(async move || {
            let _permit = semaphore.acquire().await;
            succeed_async().await
        })
    });
    let shared = Arc::new(Semaphore::new(100));
    cases.on_threads(case::BULKHEAD_ON_THREADS, move |times| {
        block_on_repeat(times, async || {
            let _permit = shared.acquire().await;
            succeed_async().await
        });
    });
}
