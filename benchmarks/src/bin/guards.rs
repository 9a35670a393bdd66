//! What each shared guard costs a call that succeeds, next to peers.
//!
//! `cargo run --release -p benchmarks --bin guards`

use std::io;
use std::time::Duration;

use benchmarks::{Subject, compare};
use failsafe::CircuitBreaker as _;
use retry_core::{Backoff, Budget, Bulkhead, CircuitBreaker, CircuitPermit, Policy};

const ROUNDS: u32 = 50;
const TIMES: u32 = 100_000;
const POLICY: Policy = Policy::new().backoff(Backoff::none());

static FAILURES: CircuitBreaker =
    CircuitBreaker::new("failures").failures(5, Duration::from_secs(60));
static RATE: CircuitBreaker =
    CircuitBreaker::new("rate").failure_rate(0.5, 100, Duration::from_secs(60));
static BUDGET: Budget = Budget::new("ratio");
static TOKENS: Budget = Budget::new("tokens").token_bucket(500);
static BULKHEAD: Bulkhead = Bulkhead::new("bulkhead", 100);

#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands for an operation that can fail"
)]
fn operation() -> io::Result<u32> {
    Ok(std::hint::black_box(1))
}

fn main() {
    breakers();
    breakers_on_four_threads();
    bulkheads();
    budgets();
    calls();
}

/// Closed, asked and told of a success.
fn breakers() {
    let recloser = recloser::Recloser::custom()
        .error_rate(0.5)
        .closed_len(100)
        .build();
    let failsafe = failsafe::Config::new().build();
    let rate = || RATE.try_acquire().map(CircuitPermit::succeed);
    let failures = || FAILURES.try_acquire().map(CircuitPermit::succeed);
    compare(
        "a success through a closed circuit",
        ROUNDS,
        TIMES,
        vec![
            Subject::new("bare", operation),
            Subject::new("retry-core, failures in a window", failures),
            Subject::new("retry-core, failure rate", rate),
            Subject::new("recloser, failure rate", || recloser.call(operation)),
            Subject::new("failsafe, success rate or 5 in a row", || {
                failsafe.call(operation)
            }),
        ],
    );
}

fn breakers_on_four_threads() {
    let recloser = recloser::Recloser::custom()
        .error_rate(0.5)
        .closed_len(100)
        .build();
    let on_four_threads = |operation: &(dyn Fn() + Sync), times: u32| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..times / 4).for_each(|_| operation()));
            }
        });
    };
    let ours = || {
        let _ = FAILURES.try_acquire().map(CircuitPermit::succeed);
    };
    let theirs = || {
        let _ = std::hint::black_box(recloser.call(operation));
    };
    compare(
        "the same on four threads, for each success",
        ROUNDS,
        TIMES,
        vec![
            Subject::whole("retry-core, failures in a window", move |times| {
                on_four_threads(&ours, times);
            }),
            Subject::whole("recloser, failure rate", move |times| {
                on_four_threads(&theirs, times);
            }),
        ],
    );
}

fn bulkheads() {
    let semaphore = tokio::sync::Semaphore::new(100);
    compare(
        "in and out of a bulkhead with room",
        ROUNDS,
        TIMES,
        vec![
            Subject::new("retry-core", || BULKHEAD.try_acquire().map(drop)),
            Subject::new("tokio::sync::Semaphore", || {
                semaphore.try_acquire().map(drop)
            }),
        ],
    );
}

fn budgets() {
    compare(
        "what a budget does for a success",
        ROUNDS,
        TIMES,
        vec![
            Subject::new("retry-core, ratio", || {
                BUDGET.deposit();
                BUDGET.succeeded();
            }),
            Subject::new("retry-core, tokens", || {
                TOKENS.deposit();
                TOKENS.succeeded();
            }),
        ],
    );
}

/// A call that succeeds at once, with each guard and with all of them.
fn calls() {
    let bare = POLICY.call("bare");
    let breaker = POLICY.call("breaker").breaker(&FAILURES);
    let budget = POLICY.call("budget").budget(&BUDGET);
    let bulkhead = POLICY.call("bulkhead").bulkhead(&BULKHEAD);
    let all = POLICY
        .call("all")
        .breaker(&FAILURES)
        .budget(&BUDGET)
        .bulkhead(&BULKHEAD);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap_or_else(|error| panic!("no runtime: {error}"));
    compare(
        "a blocking call that succeeds at once",
        ROUNDS,
        TIMES,
        vec![
            Subject::new("bare operation", operation),
            Subject::new("without guards", || bare.run_blocking(operation)),
            Subject::new("breaker", || breaker.run_blocking(operation)),
            Subject::new("budget", || budget.run_blocking(operation)),
            Subject::new("bulkhead", || bulkhead.run_blocking(operation)),
            Subject::new("all", || all.run_blocking(operation)),
        ],
    );
    let asynchronous = async || operation();
    compare(
        "an async call that succeeds at once",
        ROUNDS,
        TIMES,
        vec![
            Subject::whole("without guards", |times| {
                runtime.block_on(async {
                    for _ in 0..times {
                        let _ = std::hint::black_box(bare.run(asynchronous).await);
                    }
                });
            }),
            Subject::whole("all", |times| {
                runtime.block_on(async {
                    for _ in 0..times {
                        let _ = std::hint::black_box(all.run(asynchronous).await);
                    }
                });
            }),
        ],
    );
}
