//! `Policy::call`, made anew for each run, as its documentation does.

use std::time::Duration;

use retry_core::{Backoff, Jitter, Policy};

use super::{BREAKER, BUDGET, BULKHEAD, METRICS, OPEN, RATE_BREAKER, TRACING};
use crate::asleep::{DELAY, asleep, wake_up};
use crate::case;
use crate::operation::{
    HUNDRED_FAILURES, TWO_FAILURES, give_up, give_up_async, succeed, succeed_async,
    succeed_pending_once,
};
use crate::subject::{Cases, Party};
use crate::workload::{Workload, block_on_repeat, repeat};

/// The call.
pub const CALL: Party = Party {
    name: "retry_call",
    cases,
    absent: &[],
    remarks: &[
        (
            "future",
            "of an async block that makes the call and runs it, as for every peer",
        ),
        (
            "success_with_tracing_idle, success_with_metrics_idle",
            "ours alone: peers that have such features would pay for them in all other cases too",
        ),
    ],
};

const BACKOFF: Backoff = Backoff::exponential(Duration::from_millis(100));
const PLAIN: Policy = Policy::new()
    .attempts(3)
    .backoff(BACKOFF.jitter(Jitter::None));
const WITH_JITTER: Policy = Policy::new().attempts(3).backoff(BACKOFF);
const WITH_DEADLINE: Policy = PLAIN.deadline(Duration::from_secs(30));
const WITH_TIMEOUT: Policy = PLAIN.attempt_timeout(Duration::from_secs(2));
const WITH_EVERYTHING: Policy = WITH_JITTER
    .deadline(Duration::from_secs(30))
    .attempt_timeout(Duration::from_secs(2))
    .checked();
const AT_ONCE: Policy = Policy::new().attempts(3).backoff(Backoff::none());
const OFTEN_AT_ONCE: Policy = AT_ONCE.attempts(101);
const SLEEPY: Policy = Policy::new().attempts(3).backoff(Backoff::fixed(DELAY));

fn cases(cases: &mut Cases) {
    success(cases);
    guarded(cases);
    failure(cases);
    on_threads(cases);
    cases.case(case::ASLEEP_100K, || {
        asleep(|| async { SLEEPY.call("sleepy").run(wake_up).await })
    });
}

fn success(cases: &mut Cases) {
    cases.case(case::SUCCESS_SYNC, || {
        Workload::sync(|| PLAIN.call("plain").run_blocking(succeed))
    });
    cases.case(case::SUCCESS_ASYNC, || {
        Workload::asynchronous(async || PLAIN.call("plain").run(succeed_async).await)
    });
    cases.case(case::SUCCESS_ASYNC_DYN, || {
        Workload::asynchronous_dyn(async || PLAIN.call("plain").run(succeed_async).await)
    });
    cases.case(case::SUCCESS_ASYNC_MULTI_THREAD, || {
        Workload::multi_thread(|| async { PLAIN.call("plain").run(succeed_async).await })
    });
    cases.case(case::SUCCESS_WITH_DEADLINE, || {
        Workload::asynchronous(async || WITH_DEADLINE.call("deadline").run(succeed_async).await)
    });
    cases.case(case::SUCCESS_WITH_TIMEOUT_READY, || {
        Workload::asynchronous(async || WITH_TIMEOUT.call("timeout").run(succeed_async).await)
    });
    cases.case(case::SUCCESS_WITH_TIMEOUT_PENDING_ONCE, || {
        Workload::asynchronous(async || {
            WITH_TIMEOUT.call("timeout").run(succeed_pending_once).await
        })
    });
    cases.case(case::SUCCESS_WITH_JITTER, || {
        Workload::asynchronous(async || WITH_JITTER.call("jitter").run(succeed_async).await)
    });
    cases.case(case::SUCCESS_WITH_TRACING_IDLE, || {
        Workload::asynchronous(async || {
            let call = PLAIN.call("tracing").observe(&TRACING);
            call.run(succeed_async).await
        })
    });
    cases.case(case::SUCCESS_WITH_METRICS_IDLE, || {
        Workload::asynchronous(async || {
            let call = PLAIN.call("metrics").observe(&*METRICS);
            call.run(succeed_async).await
        })
    });
}

fn guarded(cases: &mut Cases) {
    cases.case(case::SUCCESS_WITH_BREAKER, || {
        Workload::asynchronous(async || {
            let call = PLAIN.call("breaker").breaker(&BREAKER);
            call.run(succeed_async).await
        })
    });
    cases.case(case::SUCCESS_WITH_RATE_BREAKER, || {
        Workload::asynchronous(async || {
            let call = PLAIN.call("rate breaker").breaker(&RATE_BREAKER);
            call.run(succeed_async).await
        })
    });
    cases.case(case::SUCCESS_WITH_BUDGET, || {
        Workload::asynchronous(async || {
            let call = PLAIN.call("budget").budget(&BUDGET);
            call.run(succeed_async).await
        })
    });
    cases.case(case::SUCCESS_WITH_BULKHEAD, || {
        Workload::asynchronous(async || {
            let call = PLAIN.call("bulkhead").bulkhead(&BULKHEAD);
            call.run(succeed_async).await
        })
    });
    cases.case(case::SUCCESS_WITH_EVERYTHING, || {
        Workload::asynchronous(async || {
            let call = WITH_EVERYTHING
                .call("everything")
                .breaker(&BREAKER)
                .budget(&BUDGET)
                .bulkhead(&BULKHEAD);
            call.run(succeed_async).await
        })
    });
    cases.case(case::OPEN_CIRCUIT_REJECTION, || {
        OPEN.force_open();
        Workload::asynchronous(async || {
            let call = PLAIN.call("open").breaker(&OPEN);
            call.run(succeed_async).await
        })
    });
}

fn failure(cases: &mut Cases) {
    cases.case(case::TWO_FAILURES_THEN_SUCCESS, || {
        Workload::asynchronous(async || {
            let call = AT_ONCE.call("two failures");
            call.run(|| TWO_FAILURES.attempt_async()).await
        })
    });
    cases.case(case::TWO_FAILURES_THEN_SUCCESS_SYNC, || {
        Workload::sync(|| {
            let call = AT_ONCE.call("two failures");
            call.run_blocking(|| TWO_FAILURES.attempt())
        })
    });
    cases.case(case::HUNDRED_FAILURES, || {
        Workload::asynchronous(async || {
            let call = OFTEN_AT_ONCE.call("hundred failures");
            call.run(|| HUNDRED_FAILURES.attempt_async()).await
        })
    });
    cases.case(case::HUNDRED_FAILURES_SYNC, || {
        Workload::sync(|| {
            let call = OFTEN_AT_ONCE.call("hundred failures");
            call.run_blocking(|| HUNDRED_FAILURES.attempt())
        })
    });
    cases.case(case::PERMANENT_ERROR, || {
        Workload::asynchronous(async || PLAIN.call("permanent").run(give_up_async).await)
    });
    cases.case(case::PERMANENT_ERROR_SYNC, || {
        Workload::sync(|| PLAIN.call("permanent").run_blocking(give_up))
    });
}

fn on_threads(cases: &mut Cases) {
    cases.on_threads(case::BREAKER_ON_THREADS, |times| {
        repeat(times, || {
            PLAIN
                .call("breaker")
                .breaker(&BREAKER)
                .run_blocking(succeed)
        });
    });
    cases.on_threads(case::RATE_BREAKER_ON_THREADS, |times| {
        repeat(times, || {
            PLAIN
                .call("rate breaker")
                .breaker(&RATE_BREAKER)
                .run_blocking(succeed)
        });
    });
    cases.on_threads(case::BUDGET_ON_THREADS, |times| {
        repeat(times, || {
            PLAIN.call("budget").budget(&BUDGET).run_blocking(succeed)
        });
    });
    cases.on_threads(case::BULKHEAD_ON_THREADS, |times| {
        block_on_repeat(times, async || {
            let call = PLAIN.call("bulkhead").bulkhead(&BULKHEAD);
            call.run(succeed_async).await
        });
    });
}
