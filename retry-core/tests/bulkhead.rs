//! The bulkhead on its own, as its users see it: who is inside, who waits, and for how long.

mod callers;
mod support;

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::thread;
use std::time::Duration;

use callers::{Bell, Caller, HandTimer, NoTimer, assert_full, enter, patient};
use retry_core::testing::ManualClock;
use retry_core::time::Wait;
use retry_core::{Bulkhead, BulkheadPermit, BulkheadSettings, Classify, Clock, ErrorClass, Sleep};
use support::{millis, secs};

/// The largest limit.
const MOST: u32 = u32::MAX >> 1;

/// Lets other threads run until so many queue.
fn until_queued(bulkhead: &Bulkhead, queued: u32) {
    while bulkhead.statistics().queued != queued {
        thread::yield_now();
    }
}

// The limit.

#[test]
fn as_many_as_the_limit_are_inside_and_no_more() {
    let bulkhead = Bulkhead::new("pool", 3);
    let permits = [enter(&bulkhead), enter(&bulkhead), enter(&bulkhead)];
    assert_full(&bulkhead);
    assert_eq!(bulkhead.in_use(), 3);
    drop(permits);
    assert_eq!(bulkhead.in_use(), 0);
}

#[test]
fn each_permit_makes_room_for_one() {
    let bulkhead = Bulkhead::new("pool", 2);
    let first = enter(&bulkhead);
    let _second = enter(&bulkhead);
    drop(first);
    let _third = enter(&bulkhead);
    assert_full(&bulkhead);
}

#[test]
fn a_panic_gives_the_permit_back() {
    let bulkhead = Bulkhead::new("pool", 1);
    let result = catch_unwind(|| {
        let _permit = enter(&bulkhead);
        panic!("in the middle of the work");
    });
    assert!(result.is_err());
    assert_eq!(bulkhead.in_use(), 0);
}

#[test]
fn a_permit_may_be_given_back_on_another_thread() {
    let bulkhead = Bulkhead::new("pool", 1);
    let permit = enter(&bulkhead);
    thread::scope(|scope| scope.spawn(|| drop(permit)).join().unwrap());
    assert_eq!(bulkhead.in_use(), 0);
}

#[test]
fn threads_that_come_and_go_never_exceed_the_limit() {
    const VISITS: u32 = 500;
    let bulkhead = patient(3);
    let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
    let be_inside = |permit: BulkheadPermit<'_>| {
        let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(now, Ordering::SeqCst);
        thread::yield_now();
        inside.fetch_sub(1, Ordering::SeqCst);
        drop(permit);
    };
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..VISITS {
                    be_inside(bulkhead.acquire_blocking().unwrap());
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..VISITS {
                bulkhead.try_acquire().map(be_inside).ok();
                bulkhead.resize(1);
                bulkhead.resize(3);
            }
        });
    });
    assert!(most.into_inner() <= 3);
    let statistics = bulkhead.statistics();
    assert_eq!((statistics.in_use, statistics.queued), (0, 0));
    assert_eq!(
        statistics.acquired + statistics.rejected,
        u64::from(7 * VISITS)
    );
}

// The queue.

#[test]
fn who_waits_enters_in_the_order_of_arrival() {
    let bulkhead = patient(1);
    let permit = enter(&bulkhead);
    let first = Caller::waiting(&bulkhead, &NoTimer);
    let mut second = Caller::waiting(&bulkhead, &NoTimer);
    let third = Caller::waiting(&bulkhead, &NoTimer);
    drop(permit);
    second.assert_waits();
    drop(first.permit());
    drop(second.permit());
    drop(third.permit());
}

#[test]
fn only_who_is_next_is_woken() {
    let bulkhead = patient(1);
    let permit = enter(&bulkhead);
    let callers = [(); 3].map(|()| Caller::waiting(&bulkhead, &NoTimer));
    drop(permit);
    let rings = callers.each_ref().map(|caller| caller.bell.rings());
    assert_eq!(rings, [1, 0, 0]);
}

#[test]
fn nobody_overtakes_those_who_wait() {
    let bulkhead = patient(1);
    let permit = enter(&bulkhead);
    let first = Caller::waiting(&bulkhead, &NoTimer);
    let second = Caller::waiting(&bulkhead, &NoTimer);
    drop(permit);
    // The permit is granted, though not yet taken.
    assert_eq!(bulkhead.in_use(), 1);
    assert_full(&bulkhead);
    let mut third = Caller::waiting(&bulkhead, &NoTimer);
    drop(first.permit());
    third.assert_waits();
    drop(second.permit());
    drop(third.permit());
}

#[test]
fn by_default_nobody_waits() {
    let bulkhead = Bulkhead::new("pool", 1);
    let _permit = enter(&bulkhead);
    let full = Caller::new(&bulkhead, &NoTimer).full();
    assert_eq!(bulkhead.acquire_blocking().unwrap_err(), full);
    assert_eq!(full.name(), "pool");
    assert!(!full.is_queue_full() && !full.is_timed_out());
    assert_eq!(full.waited(), Duration::ZERO);
    assert_eq!(full.to_string(), "bulkhead `pool` is full");
    assert_eq!(bulkhead.statistics().rejected, 2);
}

#[test]
fn a_queue_has_so_many_places() {
    let bulkhead = patient(1).queue(2);
    let permit = enter(&bulkhead);
    let first = Caller::waiting(&bulkhead, &NoTimer);
    let second = Caller::waiting(&bulkhead, &NoTimer);
    let full = Caller::new(&bulkhead, &NoTimer).full();
    assert!(full.is_queue_full() && !full.is_timed_out());
    assert_eq!(full.waited(), Duration::ZERO);
    assert_eq!(full.to_string(), "bulkhead `pool` and its queue are full");
    // Whoever leaves the queue, to whichever side, makes room in it.
    drop(second);
    let third = Caller::waiting(&bulkhead, &NoTimer);
    drop(permit);
    let fourth = Caller::waiting(&bulkhead, &NoTimer);
    assert!(Caller::new(&bulkhead, &NoTimer).full().is_queue_full());
    drop((first, third, fourth));
    assert_eq!(bulkhead.statistics().rejected, 2);
}

#[test]
fn a_queue_without_places_admits_nobody_to_it() {
    let bulkhead = patient(1).queue(0);
    let permit = enter(&bulkhead);
    assert!(Caller::new(&bulkhead, &NoTimer).poll().unwrap().is_err());
    drop(permit);
    drop(Caller::new(&bulkhead, &NoTimer).permit());
}

#[test]
fn who_leaves_the_middle_of_the_queue_is_passed_over() {
    let bulkhead = patient(1);
    let permit = enter(&bulkhead);
    let first = Caller::waiting(&bulkhead, &NoTimer);
    let second = Caller::waiting(&bulkhead, &NoTimer);
    let third = Caller::waiting(&bulkhead, &NoTimer);
    drop(second);
    assert_eq!(bulkhead.statistics().queued, 2);
    drop(permit);
    drop(first.permit());
    drop(third.permit());
    assert_eq!(bulkhead.in_use(), 0);
}

#[test]
fn when_the_last_one_leaves_the_queue_the_door_is_open_again() {
    let bulkhead = patient(1);
    let permit = enter(&bulkhead);
    drop(Caller::waiting(&bulkhead, &NoTimer));
    drop(permit);
    drop(enter(&bulkhead));
}

#[test]
fn a_permit_granted_to_somebody_who_is_gone_goes_to_the_next() {
    let bulkhead = patient(1);
    let permit = enter(&bulkhead);
    let first = Caller::waiting(&bulkhead, &NoTimer);
    let second = Caller::waiting(&bulkhead, &NoTimer);
    drop(permit);
    drop(first);
    assert_eq!(second.bell.rings(), 1);
    drop(second.permit());
}

#[test]
fn a_permit_granted_to_the_last_one_who_is_gone_goes_back() {
    let bulkhead = patient(1);
    let permit = enter(&bulkhead);
    let caller = Caller::waiting(&bulkhead, &NoTimer);
    drop(permit);
    drop(caller);
    assert_eq!(bulkhead.in_use(), 0);
    drop(enter(&bulkhead));
}

#[test]
fn a_caller_that_has_moved_is_woken_where_he_is() {
    let bulkhead = patient(1);
    let permit = enter(&bulkhead);
    let mut caller = Caller::waiting(&bulkhead, &NoTimer);
    let there = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&there));
    assert!(caller.poll_with(&waker).is_none());
    assert_eq!(Arc::strong_count(&caller.bell), 1);
    drop(permit);
    assert_eq!((caller.bell.rings(), there.rings()), (0, 1));
}

/// A waker whose task, when the waker is dropped, drops somebody else who waits.
struct LastWaker {
    _other: Mutex<Caller<'static>>,
}

impl Wake for LastWaker {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_task_may_end_with_its_last_waker() {
    static POOL: Bulkhead = patient(1);
    let _permit = enter(&POOL);
    let last_waker = || {
        let other = Caller::waiting(&POOL, &NoTimer);
        Waker::from(Arc::new(LastWaker {
            _other: Mutex::new(other),
        }))
    };
    let mut caller = Caller::new(&POOL, &NoTimer);
    assert!(caller.poll_with(&last_waker()).is_none());
    assert!(caller.poll_with(&last_waker()).is_none());
    assert_eq!(POOL.statistics().queued, 2);
    drop(caller);
    assert_eq!(POOL.statistics().queued, 0);
}

/// A runtime that is broken.
struct BrokenWaker;

impl Wake for BrokenWaker {
    fn wake(self: Arc<Self>) {
        panic!("the waker is broken");
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_from_entering() {
    let bulkhead = patient(1);
    let permit = enter(&bulkhead);
    let mut first = Caller::new(&bulkhead, &NoTimer);
    assert!(
        first
            .poll_with(&Waker::from(Arc::new(BrokenWaker)))
            .is_none()
    );
    let second = Caller::waiting(&bulkhead, &NoTimer);
    assert!(catch_unwind(AssertUnwindSafe(|| bulkhead.resize(3))).is_err());
    assert_eq!(second.bell.rings(), 1);
    drop((permit, first.permit(), second.permit()));
    assert_eq!(bulkhead.in_use(), 0);
}

#[test]
fn a_waker_that_panics_during_a_panic_does_not_end_the_process() {
    let bulkhead = patient(1);
    let permit = enter(&bulkhead);
    let mut caller = Caller::new(&bulkhead, &NoTimer);
    assert!(
        caller
            .poll_with(&Waker::from(Arc::new(BrokenWaker)))
            .is_none()
    );
    let result = catch_unwind(AssertUnwindSafe(|| {
        let _permit = permit;
        panic!("in the middle of the work");
    }));
    assert!(result.is_err());
    drop(caller.permit());
}

// Time.

#[test]
fn a_wait_ends_when_its_time_is_over() {
    let timer = HandTimer(ManualClock::new());
    let _installed = timer.0.install();
    let bulkhead = Bulkhead::new("pool", 1).wait(millis(200));
    let _permit = enter(&bulkhead);
    let mut caller = Caller::waiting(&bulkhead, &timer);
    timer.0.advance(millis(199));
    caller.assert_waits();
    timer.0.advance(millis(1));
    let full = caller.full();
    assert!(full.is_timed_out() && !full.is_queue_full());
    assert_eq!(full.waited(), millis(200));
    assert_eq!(
        full.to_string(),
        "bulkhead `pool` was still full after 200ms"
    );
    let statistics = bulkhead.statistics();
    assert_eq!((statistics.timed_out, statistics.rejected), (1, 0));
    assert_eq!((statistics.queued, statistics.in_use), (0, 1));
}

#[test]
fn a_permit_that_has_come_is_taken_though_the_time_is_over() {
    let timer = HandTimer(ManualClock::new());
    let bulkhead = Bulkhead::new("pool", 1).wait(millis(200));
    let permit = enter(&bulkhead);
    let caller = Caller::waiting(&bulkhead, &timer);
    drop(permit);
    timer.0.advance(secs(1));
    drop(caller.permit());
    assert_eq!(bulkhead.statistics().timed_out, 0);
}

/// A timer that ends as somebody else leaves.
struct LeavesAtTheEnd<'a>(Mutex<Option<BulkheadPermit<'a>>>);

impl Sleep for LeavesAtTheEnd<'_> {
    fn sleep(&self, _: Duration) -> Wait<'_> {
        Box::pin(async { drop(self.0.lock().unwrap().take()) })
    }
}

#[test]
fn a_permit_that_comes_as_the_time_ends_is_taken() {
    let bulkhead = Bulkhead::new("pool", 1).wait(millis(200));
    let timer = LeavesAtTheEnd(Mutex::new(Some(enter(&bulkhead))));
    drop(Caller::new(&bulkhead, &timer).permit());
    let statistics = bulkhead.statistics();
    assert_eq!((statistics.acquired, statistics.timed_out), (2, 0));
}

#[test]
fn what_is_done_inside_takes_as_long_as_it_likes() {
    let timer = HandTimer(ManualClock::new());
    let _installed = timer.0.install();
    let bulkhead = Bulkhead::new("pool", 1).wait(millis(200));
    let permit = enter(&bulkhead);
    let caller = Caller::waiting(&bulkhead, &timer);
    timer.0.advance(millis(150));
    drop(permit);
    let permit = caller.permit();
    timer.0.advance(secs(3600));
    assert_eq!(bulkhead.in_use(), 1);
    assert_full(&bulkhead);
    drop(permit);
    let statistics = bulkhead.statistics();
    assert_eq!(statistics.longest_wait(), millis(150));
    assert_eq!(statistics.timed_out, 0);
}

#[test]
fn who_finds_room_touches_no_timer() {
    let bulkhead = Bulkhead::new("pool", 1).wait(millis(200));
    drop(Caller::new(&bulkhead, &NoTimer).permit());
    assert_eq!(bulkhead.statistics().waits(), 0);
}

#[test]
fn a_clock_that_goes_back_counts_as_no_time() {
    let later = ManualClock::new();
    later.advance(secs(3600));
    let timer = HandTimer(ManualClock::new());
    let bulkhead = Bulkhead::new("pool", 1).wait(millis(200));
    let permit = enter(&bulkhead);
    let callers = {
        let _installed = later.install();
        [(); 3].map(|()| Caller::waiting(&bulkhead, &timer))
    };
    let _installed = timer.0.install();
    assert!(timer.0.now() < later.now());
    let [first, second, third] = callers;
    drop(permit);
    let permit = first.permit();
    drop(second);
    timer.0.advance(millis(200));
    assert_eq!(third.full().waited(), Duration::ZERO);
    drop(permit);
    let statistics = bulkhead.statistics();
    assert_eq!(statistics.waits(), 3);
    assert_eq!(statistics.longest_wait(), Duration::ZERO);
}

// Another limit.

#[test]
fn a_greater_limit_lets_those_in_who_are_next() {
    let bulkhead = patient(1);
    let _permit = enter(&bulkhead);
    let callers = [(); 4].map(|()| Caller::waiting(&bulkhead, &NoTimer));
    bulkhead.resize(3);
    assert_eq!(bulkhead.max_concurrent(), 3);
    let rings = callers.each_ref().map(|caller| caller.bell.rings());
    assert_eq!(rings, [1, 1, 0, 0]);
    let [first, second, mut third, _fourth] = callers;
    third.assert_waits();
    drop((first.permit(), second.permit()));
}

#[test]
fn a_limit_greater_than_the_queue_leaves_room() {
    let bulkhead = patient(1);
    let _permit = enter(&bulkhead);
    let caller = Caller::waiting(&bulkhead, &NoTimer);
    bulkhead.resize(3);
    let _permits = (caller.permit(), enter(&bulkhead));
    assert_full(&bulkhead);
}

#[test]
fn a_limit_below_those_inside_admits_nobody_until_enough_have_left() {
    let bulkhead = patient(3);
    let [first, second, third] = [(); 3].map(|()| enter(&bulkhead));
    let mut caller = Caller::waiting(&bulkhead, &NoTimer);
    bulkhead.resize(1);
    assert_eq!((bulkhead.in_use(), bulkhead.max_concurrent()), (3, 1));
    drop(first);
    caller.assert_waits();
    drop(second);
    caller.assert_waits();
    assert_full(&bulkhead);
    drop(third);
    drop(caller.permit());
}

#[test]
fn a_limit_below_those_inside_holds_without_a_queue_too() {
    let bulkhead = Bulkhead::new("pool", 2);
    let [first, second] = [(); 2].map(|()| enter(&bulkhead));
    bulkhead.resize(1);
    drop(first);
    assert_full(&bulkhead);
    drop(second);
    drop(enter(&bulkhead));
}

#[test]
fn a_limit_that_makes_no_sense_changes_nothing() {
    let bulkhead = Bulkhead::new("pool", 2);
    for limit in [0, MOST + 1, u32::MAX] {
        let error = bulkhead.try_resize(limit).unwrap_err();
        assert_eq!(error.field(), "max_concurrent");
        let panic = catch_unwind(|| bulkhead.resize(limit)).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), error.reason());
    }
    assert_eq!(bulkhead.settings().max_concurrent, 2);
}

// Threads.

#[test]
fn a_thread_waits_in_virtual_time_under_an_installed_clock() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let bulkhead = Bulkhead::new("pool", 1)
        .wait(millis(130))
        .contention_after(millis(129));
    let _permit = enter(&bulkhead);
    let full = bulkhead.acquire_blocking().unwrap_err();
    assert!(full.is_timed_out());
    assert_eq!((full.waited(), clock.elapsed()), (millis(130), millis(130)));
    let statistics = bulkhead.statistics();
    assert_eq!((statistics.contended, statistics.timed_out), (1, 1));
}

#[test]
fn a_thread_waits_no_longer_than_it_may() {
    let bulkhead = Bulkhead::new("pool", 1).wait(millis(1));
    let _permit = enter(&bulkhead);
    let full = bulkhead.acquire_blocking().unwrap_err();
    assert!(full.is_timed_out());
    assert!(full.waited() >= millis(1));
}

#[test]
fn a_thread_enters_as_soon_as_another_leaves() {
    let bulkhead = patient(1);
    let permit = enter(&bulkhead);
    thread::scope(|scope| {
        let waits = scope.spawn(|| bulkhead.acquire_blocking().is_ok());
        until_queued(&bulkhead, 1);
        drop(permit);
        assert!(waits.join().unwrap());
    });
    assert_eq!(bulkhead.statistics().waits(), 1);
}

#[test]
fn a_thread_without_a_limit_waits_for_others_also_under_an_installed_clock() {
    let bulkhead = patient(1);
    let permit = enter(&bulkhead);
    thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let clock = ManualClock::new();
            let _installed = clock.install();
            let permit = bulkhead.acquire_blocking();
            (permit.is_ok(), clock.elapsed())
        });
        until_queued(&bulkhead, 1);
        drop(permit);
        assert_eq!(waits.join().unwrap(), (true, Duration::ZERO));
    });
}

#[test]
fn threads_and_tasks_wait_in_one_queue() {
    let bulkhead = patient(1);
    let permit = enter(&bulkhead);
    let first = Caller::waiting(&bulkhead, &NoTimer);
    thread::scope(|scope| {
        let second = scope.spawn(|| bulkhead.acquire_blocking().map(drop));
        until_queued(&bulkhead, 2);
        let mut third = Caller::waiting(&bulkhead, &NoTimer);
        drop(permit);
        let permit = first.permit();
        assert_eq!(bulkhead.statistics().queued, 2);
        third.assert_waits();
        drop(permit);
        second.join().unwrap().unwrap();
        drop(third.permit());
    });
}

// Tasks under tokio.

#[cfg(feature = "tokio")]
mod tokio_tasks {
    use retry_core::{Bulkhead, BulkheadPermit};
    use std::sync::Mutex;
    use tokio::task::yield_now;
    use tokio::time::{Instant, advance, sleep, timeout};

    use super::{Duration, ManualClock, enter, millis, patient, secs, support};

    #[test]
    fn a_task_waits_on_tokios_timer() {
        support::on_tokio(async {
            let bulkhead = Bulkhead::new("pool", 1)
                .wait(millis(200))
                .contention_after(millis(199));
            let _permit = enter(&bulkhead);
            let started = Instant::now();
            let full = bulkhead.acquire().await.unwrap_err();
            assert_eq!(full.waited(), millis(200));
            assert_eq!(started.elapsed(), millis(200));
            assert_eq!(bulkhead.statistics().contended, 1);
        });
    }

    #[test]
    fn a_task_whose_patience_ends_first_has_given_up() {
        support::on_tokio(async {
            let bulkhead = patient(1);
            let permit = enter(&bulkhead);
            assert!(timeout(millis(70), bulkhead.acquire()).await.is_err());
            drop(permit);
            let statistics = bulkhead.statistics();
            assert_eq!((statistics.given_up, statistics.contended), (1, 1));
            assert_eq!((statistics.in_use, statistics.queued), (0, 0));
            assert_eq!(statistics.longest_wait(), millis(70));
        });
    }

    #[test]
    fn tasks_enter_in_the_order_of_arrival() {
        static POOL: Bulkhead = patient(2);
        static ORDER: Mutex<Vec<u32>> = Mutex::new(Vec::new());
        support::on_tokio(async {
            let permits = (enter(&POOL), enter(&POOL));
            let visit = |number| async move {
                let permit = POOL.acquire().await.unwrap();
                ORDER.lock().unwrap().push(number);
                sleep(secs(1)).await;
                drop(permit);
            };
            let mut tasks = Vec::new();
            for number in 0..20 {
                tasks.push(tokio::spawn(visit(number)));
                yield_now().await;
            }
            drop(permits);
            for task in tasks {
                task.await.unwrap();
            }
        });
        assert_eq!(*ORDER.lock().unwrap(), (0..20).collect::<Vec<_>>());
        assert_eq!(POOL.statistics().mean_wait(), millis(4_500));
    }

    #[test]
    fn an_aborted_task_leaves_its_place_and_its_permit() {
        static POOL: Bulkhead = patient(1);
        support::on_tokio(async {
            let inside = tokio::spawn(async {
                let _permit = POOL.acquire().await;
                sleep(secs(3600)).await;
            });
            yield_now().await;
            let waits = tokio::spawn(async { POOL.acquire().await.map(drop) });
            yield_now().await;
            assert_eq!(POOL.statistics().queued, 1);
            waits.abort();
            assert!(waits.await.unwrap_err().is_cancelled());
            assert_eq!(POOL.statistics().queued, 0);
            inside.abort();
            assert!(inside.await.unwrap_err().is_cancelled());
            assert_eq!(POOL.in_use(), 0);
        });
    }

    #[test]
    fn a_task_waits_on_an_installed_clock() {
        let clock = ManualClock::new();
        let _installed = clock.install();
        let bulkhead = Bulkhead::new("pool", 1).wait(secs(60));
        let _permit = enter(&bulkhead);
        let full = support::poll_to_end(bulkhead.acquire()).unwrap_err();
        assert_eq!((full.waited(), clock.elapsed()), (secs(60), secs(60)));
    }

    #[test]
    fn a_wait_without_limit_takes_as_long_as_it_takes() {
        support::on_tokio(async {
            let bulkhead = patient(1);
            let permit = enter(&bulkhead);
            let leaves = async {
                advance(Duration::from_secs(100 * 365 * 86_400)).await;
                drop(permit);
            };
            let (acquired, ()) = tokio::join!(bulkhead.acquire(), leaves);
            assert!(acquired.is_ok());
        });
    }

    #[test]
    fn threads_and_tasks_share_a_bulkhead() {
        static POOL: Bulkhead = patient(2);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        let visit = |permit: BulkheadPermit<'_>| assert!(POOL.in_use() <= 2, "{permit:?}");
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                runtime.spawn(async move {
                    for _ in 0..100 {
                        visit(POOL.acquire().await.unwrap());
                    }
                })
            })
            .collect();
        for _ in 0..100 {
            visit(POOL.acquire_blocking().unwrap());
        }
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
        assert_eq!(POOL.statistics().acquired, 500);
        assert_eq!(POOL.in_use(), 0);
    }
}

// Settings.

#[test]
fn a_bulkhead_is_built_where_it_stands() {
    static POOL: Bulkhead = Bulkhead::new("database", MOST)
        .wait(Duration::MAX)
        .queue(u32::MAX)
        .contention_after(Duration::MAX);
    assert_eq!((POOL.name(), POOL.max_concurrent()), ("database", MOST));
    let mut expected = BulkheadSettings::default();
    expected.max_concurrent = MOST;
    expected.wait = Duration::MAX;
    expected.queue = u32::MAX;
    expected.contention_after = Duration::MAX;
    assert_eq!(POOL.settings(), expected);
    POOL.resize(1);
    let permit = enter(&POOL);
    let caller = Caller::waiting(&POOL, &NoTimer);
    POOL.resize(MOST);
    drop((permit, caller.permit()));
    assert_eq!(POOL.statistics().contended, 0);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for (limit, says) in [
        (0, "admits nobody"),
        (MOST + 1, "2147483647"),
        (u32::MAX, "2147483647"),
    ] {
        let mut settings = BulkheadSettings::DEFAULT;
        settings.max_concurrent = limit;
        let error = Bulkhead::from_settings("pool", settings).unwrap_err();
        assert_eq!(error.field(), "max_concurrent");
        assert!(error.reason().contains(says), "{error}");
        let panic = catch_unwind(|| Bulkhead::new("pool", limit)).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), error.reason());
    }
    let error = Bulkhead::from_settings("", BulkheadSettings::DEFAULT).unwrap_err();
    assert_eq!(error.field(), "name");
}

#[cfg(feature = "serde")]
#[test]
fn settings_come_from_files() {
    let text = "max_concurrent = 4\nwait = \"200ms\"\ncontention_after = \"1m 30s\"\n";
    let settings: BulkheadSettings = toml::from_str(text).unwrap();
    let mut expected = BulkheadSettings::DEFAULT;
    expected.max_concurrent = 4;
    expected.wait = millis(200);
    expected.contention_after = secs(90);
    assert_eq!(settings, expected);
    let written = toml::to_string(&settings).unwrap();
    assert_eq!(
        toml::from_str::<BulkheadSettings>(&written).unwrap(),
        settings
    );
    let error = toml::from_str::<BulkheadSettings>("max_wait = \"1s\"").unwrap_err();
    assert!(
        error.message().contains("unknown field `max_wait`"),
        "{error}"
    );
}

#[cfg(feature = "serde")]
#[test]
fn settings_without_limits_can_be_written_and_read() {
    let mut settings = BulkheadSettings::DEFAULT;
    settings.wait = Duration::MAX;
    settings.contention_after = Duration::MAX;
    let written = toml::to_string(&settings).unwrap();
    assert_eq!(
        toml::from_str::<BulkheadSettings>(&written).unwrap(),
        settings
    );
}

#[test]
fn a_full_bulkhead_is_recognised_in_any_error() {
    let bulkhead = Bulkhead::new("pool", 1);
    let _permit = enter(&bulkhead);
    let error: Box<dyn Error + Send + Sync> = bulkhead.try_acquire().unwrap_err().into();
    assert_eq!(error.classify().class, ErrorClass::RateLimit);
}

#[test]
fn permits_and_callers_may_change_threads() {
    fn assert_send_and_sync<T: Send + Sync>(_: &T) {}
    fn assert_send<T: Send>(_: &T) {}
    let bulkhead = Bulkhead::new("pool", 1);
    assert_send_and_sync(&bulkhead);
    assert_send_and_sync(&enter(&bulkhead));
    assert_send(&bulkhead.acquire_on(&NoTimer));
    #[cfg(feature = "tokio")]
    assert_send(&bulkhead.acquire());
}
