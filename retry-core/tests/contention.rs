//! Guards that threads and tasks share, in calls: what there is gets around, and not one more.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use retry_core::testing::ManualClock;
use retry_core::{Budget, Bulkhead, CircuitBreaker, CircuitState, ErrorClass, Outcome, StopReason};
use support::{
    AT_ONCE, EACH_SECOND, Failure, RATE_LIMIT, SERVER_ERROR, TRANSIENT, poll_to_end, secs,
};

const THREADS: u32 = 8;

/// Lets threads do the same at once, under one clock.
fn at_once(clock: &ManualClock, run: impl Fn(u32) + Sync) {
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (start, run) = (&start, &run);
            scope.spawn(move || {
                let _installed = clock.install();
                start.wait();
                run(number);
            });
        }
    });
}

// The budget.

#[test]
fn as_many_retries_run_as_the_budget_has() {
    const CALLS: u32 = 200;
    for budget in [
        Budget::new("ratio").ratio(0.0).floor(50),
        Budget::new("window").per_window(500, Duration::MAX),
        Budget::new("bucket").token_bucket(2_500),
    ] {
        let clock = ManualClock::new();
        let attempts = AtomicU32::new(0);
        let policy = AT_ONCE.attempts(3);
        at_once(&clock, |_| {
            let call = policy.call("pay").budget(&budget);
            let fail = || {
                attempts.fetch_add(1, Ordering::Relaxed);
                Err::<(), _>(TRANSIENT)
            };
            for turn in 0..CALLS {
                if turn % 2 == 0 {
                    let _ = call.run_blocking(fail);
                } else {
                    let call = call.clone().clock(&clock).sleeper(&clock);
                    let _ = poll_to_end(call.run(async || fail()));
                }
            }
        });
        let first = THREADS * CALLS;
        assert_eq!(attempts.into_inner(), first + 500, "{budget:?}");
        assert_eq!(budget.statistics().first_attempts, u64::from(first));
        let _installed = clock.install();
        assert_eq!(budget.remaining(), 0);
    }
}

#[test]
fn first_attempts_earn_their_share_whoever_makes_them() {
    const CALLS: u32 = 500;
    let budget = Budget::new("ratio").ratio(0.5).floor(0);
    let clock = ManualClock::new();
    let attempts = AtomicU32::new(0);
    at_once(&clock, |_| {
        let policy = AT_ONCE.attempts(2);
        let call = policy.call("pay").budget(&budget);
        for _ in 0..CALLS {
            let _ = call.run_blocking(|| {
                attempts.fetch_add(1, Ordering::Relaxed);
                Err::<(), _>(TRANSIENT)
            });
        }
    });
    let retries = u64::from(attempts.into_inner() - THREADS * CALLS);
    let _installed = clock.install();
    assert_eq!(retries + budget.remaining(), u64::from(THREADS * CALLS) / 2);
}

// The bulkhead.

/// Counts those inside, and the most there have been at a time.
#[derive(Default)]
struct Room {
    inside: AtomicU32,
    most: AtomicU32,
    visits: AtomicU32,
}

impl Room {
    fn enter(&self) {
        let now = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        self.visits.fetch_add(1, Ordering::Relaxed);
    }

    fn leave(&self) {
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(feature = "tokio")]
#[test]
fn calls_of_threads_and_tasks_are_never_more_than_the_bulkhead_admits() {
    const CALLS: u32 = 100;
    let bulkhead: &Bulkhead = Box::leak(Box::new(
        Bulkhead::new("pool", 3).wait(Duration::MAX).queue(u32::MAX),
    ));
    let room: &Room = Box::leak(Box::default());
    let policy = &*Box::leak(Box::new(AT_ONCE.attempts(2)));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime");
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            runtime.spawn(async move {
                let call = policy.call("query").bulkhead(bulkhead);
                for _ in 0..CALLS {
                    let outcome = call
                        .execute(async || {
                            room.enter();
                            tokio::task::yield_now().await;
                            room.leave();
                            Err::<(), _>(TRANSIENT)
                        })
                        .await;
                    assert_eq!(outcome.attempts(), 2);
                }
            })
        })
        .collect();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                let call = policy.call("query").bulkhead(bulkhead);
                for _ in 0..CALLS {
                    let outcome = call.execute_blocking(|| {
                        room.enter();
                        thread::yield_now();
                        room.leave();
                        Err::<(), _>(TRANSIENT)
                    });
                    assert_eq!(outcome.attempts(), 2);
                }
            });
        }
        scope.spawn(|| {
            for turn in 0..CALLS {
                bulkhead.resize(1 + turn % 3);
                thread::yield_now();
            }
            bulkhead.resize(3);
        });
    });
    for task in tasks {
        runtime.block_on(task).expect("no panic");
    }
    let most = room.most.load(Ordering::SeqCst);
    assert!((1..=3).contains(&most), "{most}");
    assert_eq!(room.visits.load(Ordering::Relaxed), 8 * 2 * CALLS);
    let statistics = bulkhead.statistics();
    assert_eq!((statistics.in_use, statistics.queued), (0, 0));
    assert_eq!(statistics.acquired, u64::from(8 * 2 * CALLS));
    assert_eq!(statistics.given_up + statistics.timed_out, 0);
}

/// While nobody resizes it, the limit is exact: nobody is inside too many, and a full house is reached.
#[test]
fn a_bulkhead_of_two_is_full_with_two() {
    let bulkhead = Bulkhead::new("pool", 2).wait(Duration::MAX).queue(u32::MAX);
    let room = Room::default();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let call = AT_ONCE.call("query").bulkhead(&bulkhead);
                let visited = call.run_blocking(|| {
                    room.enter();
                    // Nobody leaves before the house is full.
                    while room.most.load(Ordering::SeqCst) < 2 {
                        thread::yield_now();
                    }
                    room.leave();
                    Ok::<_, Failure>(())
                });
                assert_eq!(visited, Ok(()));
            });
        }
    });
    assert_eq!(room.most.into_inner(), 2);
}

// The circuit.

const CALLERS: usize = 100;

/// Half-open as soon as somebody asks.
fn due_circuit(clock: &ManualClock) -> CircuitBreaker {
    let _installed = clock.install();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(secs(10));
    breaker
        .try_acquire()
        .expect("closed")
        .fail(ErrorClass::Transient);
    clock.advance(secs(10));
    breaker
}

fn assert_one_got_through(breaker: &CircuitBreaker, ran: u32, outcomes: &[Outcome<u32, Failure>]) {
    assert_eq!(ran, 1);
    let turned_away = |outcome: &&Outcome<_, _>| {
        outcome.stop_reason() == Some(StopReason::CircuitOpen) && outcome.attempts() == 0
    };
    assert_eq!(outcomes.iter().filter(turned_away).count(), CALLERS - 1);
    assert_eq!(outcomes.iter().filter(|it| it.is_success()).count(), 1);
    assert_eq!(breaker.state(), CircuitState::Closed);
    assert_eq!(breaker.snapshot().rejected, CALLERS as u64 - 1);
}

#[test]
fn of_a_hundred_threads_one_is_the_probe() {
    let clock = ManualClock::new();
    let breaker = due_circuit(&clock);
    let (ran, turned_away) = (AtomicU32::new(0), AtomicU64::new(0));
    let start = Barrier::new(CALLERS);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                scope.spawn(|| {
                    let call = AT_ONCE.call("pay").breaker(&breaker).clock(&clock);
                    start.wait();
                    let outcome = call.execute_blocking(|| {
                        let number = ran.fetch_add(1, Ordering::Relaxed);
                        while turned_away.load(Ordering::Relaxed) < CALLERS as u64 - 1 {
                            thread::yield_now();
                        }
                        Ok::<_, Failure>(number)
                    });
                    turned_away.fetch_add(1, Ordering::Relaxed);
                    outcome
                })
            })
            .collect();
        let join = |caller: thread::ScopedJoinHandle<'_, _>| caller.join().expect("no panic");
        callers.into_iter().map(join).collect()
    });
    assert_one_got_through(&breaker, ran.into_inner(), &outcomes);
}

#[cfg(feature = "tokio")]
#[test]
fn of_a_hundred_tasks_one_is_the_probe() {
    static RAN: AtomicU32 = AtomicU32::new(0);
    let clock: &ManualClock = Box::leak(Box::default());
    let breaker: &CircuitBreaker = Box::leak(Box::new(due_circuit(clock)));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime");
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            runtime.spawn(async move {
                let call = AT_ONCE.call("pay").breaker(breaker).clock(clock);
                call.execute(async || {
                    let number = RAN.fetch_add(1, Ordering::Relaxed);
                    while breaker.snapshot().rejected < CALLERS as u64 - 1 {
                        tokio::task::yield_now().await;
                    }
                    Ok::<_, Failure>(number)
                })
                .await
            })
        })
        .collect();
    let outcomes: Vec<_> = callers
        .into_iter()
        .map(|caller| runtime.block_on(caller).expect("no panic"))
        .collect();
    assert_one_got_through(breaker, RAN.load(Ordering::Relaxed), &outcomes);
}

// All of them.

/// What a call does, from a generator that is different for each thread.
fn next(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1);
    *state >> 33
}

#[test]
fn whatever_threads_do_with_all_guards_everything_comes_back() {
    const CALLS: u32 = 400;
    let clock = ManualClock::new();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(4)
        .open_for(secs(2))
        .probes(2)
        .successes(2);
    let budget = Budget::new("payments").token_bucket(60);
    let bulkhead = Bulkhead::new("pool", 3).wait(secs(1)).queue(3);
    let (attempts, begun, in_vain) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    at_once(&clock, |thread| {
        let mut state = u64::from(thread) + 1;
        let policy = EACH_SECOND.attempts(4);
        let call = policy
            .call("pay")
            .breaker(&breaker)
            .budget(&budget)
            .bulkhead(&bulkhead);
        for _ in 0..CALLS {
            let started = std::cell::Cell::new(false);
            let ended = catch_unwind(AssertUnwindSafe(|| {
                call.execute_blocking(|| {
                    attempts.fetch_add(1, Ordering::Relaxed);
                    begun.fetch_add(u64::from(!started.replace(true)), Ordering::Relaxed);
                    assert!(bulkhead.in_use() >= 1);
                    match next(&mut state) % 16 {
                        0 => std::panic::resume_unwind(Box::new("expected")),
                        1..=4 => Err(TRANSIENT),
                        5 => Err(SERVER_ERROR),
                        6 | 7 => Err(RATE_LIMIT),
                        _ => Ok(()),
                    }
                })
            }));
            if let Ok(outcome) = ended {
                let reason = outcome.stop_reason();
                let lost = reason == Some(StopReason::BulkheadFull);
                in_vain.fetch_add(lost.into(), Ordering::Relaxed);
            }
        }
    });
    let _installed = clock.install();
    let (attempts, begun) = (attempts.into_inner(), begun.into_inner());
    let statistics = bulkhead.statistics();
    assert_eq!((statistics.in_use, statistics.queued), (0, 0));
    assert!(statistics.acquired >= attempts);
    assert_eq!(
        statistics.rejected + statistics.timed_out,
        in_vain.into_inner()
    );
    let spent = budget.statistics();
    assert_eq!(spent.first_attempts, begun);
    assert_eq!(spent.allowed - spent.given_back, attempts - begun);
    assert_eq!(breaker.snapshot().probes, 0);
    clock.advance(secs(2));
    let call = AT_ONCE
        .call("pay")
        .breaker(&breaker)
        .budget(&budget)
        .bulkhead(&bulkhead);
    for _ in 0..2 {
        assert_eq!(call.run_blocking(|| Ok::<_, Failure>(7)), Ok(7));
    }
    assert_eq!(breaker.state(), CircuitState::Closed);
}
