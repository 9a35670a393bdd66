//! Counting calls without a backend: `Stats`.

mod scenes;
mod support;

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use std::{pin::pin, thread};

use expect_test::expect_file;
use retry_core::observe::OperationStats;
use retry_core::testing::{ManualClock, Recorder};
use retry_core::{
    Backoff, Budget, Bulkhead, CircuitBreaker, ClassRule, ErrorClass, Event, EventKind, Observer,
    Policy, SleepDecision, Stats, StopReason,
};
use scenes::play_all;
use support::{
    AT_ONCE, EACH_SECOND, Failure, PERMANENT, RATE_LIMIT, Script, TRANSIENT, UNKNOWN, millis,
    poll_to_end, secs,
};

/// Makes a call of `operation` whose attempts go as `results` says.
fn call(stats: &Stats, operation: &'static str, policy: &Policy, results: &[Result<u8, Failure>]) {
    let clock = ManualClock::new();
    let script = Script::new(results);
    let call = policy
        .call(operation)
        .clock(&clock)
        .sleeper(&clock)
        .observe(stats);
    let _ = call.execute_blocking(|| script.attempt());
}

/// What has been counted of the only operation.
fn only(stats: &Stats) -> OperationStats {
    let mut operations = stats.snapshot().operations;
    assert_eq!(operations.len(), 1, "{operations:#?}");
    operations.remove(0)
}

/// The fewest attempts of each bucket, the calls in it, and how many of them succeeded.
fn buckets(stats: &OperationStats) -> Vec<(u32, u64, u64)> {
    let buckets = stats.calls_by_attempts.iter();
    buckets
        .map(|bucket| (bucket.from, bucket.calls, bucket.successes))
        .collect()
}

// What is counted.

#[test]
fn calls_are_counted_by_how_they_end_and_attempts_by_when_they_start() {
    let stats = Stats::new();
    call(&stats, "fetch", &EACH_SECOND, &[Ok(7)]);
    call(&stats, "fetch", &EACH_SECOND, &[Ok(7)]);
    call(
        &stats,
        "fetch",
        &EACH_SECOND,
        &[Err(TRANSIENT), Err(RATE_LIMIT), Ok(7)],
    );
    call(&stats, "fetch", &EACH_SECOND, &[Err(TRANSIENT)]);
    call(&stats, "fetch", &EACH_SECOND, &[Err(PERMANENT)]);

    let fetch = only(&stats);
    assert_eq!(fetch.operation, "fetch");
    assert_eq!((fetch.calls, fetch.successes, fetch.failures), (5, 3, 2));
    assert_eq!(fetch.first_try_successes, 2);
    assert_eq!((fetch.first_attempts, fetch.retries), (5, 4));
    assert_eq!(fetch.slept, secs(4));
    assert_eq!(buckets(&fetch), [(1, 3, 2), (3, 2, 1)]);
    assert_eq!(
        fetch.failed_attempts,
        BTreeMap::from([
            (ErrorClass::Permanent, 1),
            (ErrorClass::RateLimit, 1),
            (ErrorClass::Transient, 4),
        ])
    );
    assert_eq!(
        fetch.stop_reasons,
        BTreeMap::from([
            (StopReason::MaxAttemptsGlobal, 1),
            (StopReason::NonRetryableClass, 1),
        ])
    );
    assert_eq!(fetch.mean_attempts(), Some(9.0 / 5.0));
    assert_eq!(fetch.success_rate(), Some(3.0 / 5.0));
    assert_eq!(fetch.first_try_rate(), Some(2.0 / 5.0));
    assert_eq!(fetch.added_load(), Some(4.0 / 5.0));
}

/// A call for each reason to stop.
fn every_stop() -> Stats {
    let stats = Stats::new();
    let failing = |policy: &Policy, failure| call(&stats, "pay", policy, &[Err(failure)]);
    failing(&EACH_SECOND, TRANSIENT);
    let capped = EACH_SECOND.class(ErrorClass::Transient, ClassRule::new().attempts(2));
    failing(&capped, TRANSIENT);
    failing(&EACH_SECOND.deadline(secs(1)), TRANSIENT);
    failing(&EACH_SECOND, UNKNOWN);
    failing(&EACH_SECOND, PERMANENT);
    failing(&Policy::new().no_backoff(), TRANSIENT);

    let budget = Budget::new("retries").ratio(1.0).floor(0);
    let pay = AT_ONCE.call("pay").observe(&stats);
    let fails = || Err::<(), _>(TRANSIENT);
    let _ = pay.clone().budget(&budget).execute_blocking(fails);
    let _ = pay
        .clone()
        .on_sleep(|_, _| SleepDecision::Defer)
        .execute_blocking(fails);
    let _ = pay.clone().abort(&|| true).execute_blocking(fails);
    let breaker = CircuitBreaker::new("payments");
    breaker.force_open();
    let _ = pay.clone().breaker(&breaker).execute_blocking(fails);
    let bulkhead = Bulkhead::new("pool", 1);
    let _inside = bulkhead.try_acquire().expect("room");
    let _ = pay.bulkhead(&bulkhead).execute_blocking(fails);
    stats
}

#[test]
fn every_stop_reason_is_counted() {
    let pay = only(&every_stop());
    let reasons = [
        StopReason::MaxAttemptsGlobal,
        StopReason::MaxAttemptsPerClass,
        StopReason::DeadlineExceeded,
        StopReason::MaxUnknownAttempts,
        StopReason::NonRetryableClass,
        StopReason::NoStrategy,
        StopReason::BudgetExhausted,
        StopReason::Scheduled,
        StopReason::Aborted,
        StopReason::CircuitOpen,
        StopReason::BulkheadFull,
    ];
    assert_eq!(pay.stop_reasons, reasons.map(|reason| (reason, 1)).into());
    assert_eq!((pay.calls, pay.successes, pay.failures), (11, 0, 11));
    // The last three ended before their first attempt.
    assert_eq!(pay.first_attempts, 8);
    assert_eq!(buckets(&pay), [(0, 3, 0), (1, 4, 0), (2, 3, 0), (3, 1, 0)]);
}

#[test]
fn numbers_of_attempts_keep_apart_from_one_to_thousands() {
    let stats = Stats::new();
    let attempts = [1, 9, 10, 11, 20, 21, 50, 51, 1_000, 1_001, 10_000, 10_001];
    for attempts in attempts {
        let policy = AT_ONCE.attempts(attempts);
        call(&stats, "poll", &policy, &[Err(TRANSIENT)]);
    }
    let poll = only(&stats);
    let ranges: Vec<_> = poll
        .calls_by_attempts
        .iter()
        .map(|bucket| (bucket.from, bucket.to, bucket.calls))
        .collect();
    assert_eq!(
        ranges,
        [
            (1, Some(1), 1),
            (9, Some(9), 1),
            (10, Some(10), 1),
            (11, Some(20), 2),
            (21, Some(50), 2),
            (51, Some(100), 1),
            (501, Some(1_000), 1),
            (1_001, Some(2_000), 1),
            (5_001, Some(10_000), 1),
            (10_001, None, 1),
        ]
    );
    let total: u32 = attempts.iter().sum();
    assert_eq!(poll.mean_attempts(), Some(f64::from(total) / 12.0));
}

#[test]
fn delays_count_as_asked_for_also_when_an_abort_cuts_them() {
    let (stats, clock) = (Stats::new(), ManualClock::new());
    let aborted = || clock.elapsed() >= millis(100);
    let call = EACH_SECOND
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .abort(&aborted)
        .observe(&stats);
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    let fetch = only(&stats);
    assert_eq!(fetch.slept, secs(1));
    // The retry was announced, but never started.
    assert_eq!(fetch.retries, 0);
}

#[test]
fn huge_delays_do_not_overflow_their_sum() {
    const LONGEST: Duration = Duration::from_nanos(u64::MAX);
    let stats = Stats::new();
    let policy = Policy::new().backoff(Backoff::fixed(Duration::MAX));
    for operation in ["sleep", "sleep", "doze"] {
        call(&stats, operation, &policy, &[Err(TRANSIENT)]);
    }
    let snapshot = stats.snapshot();
    for stats in &snapshot.operations {
        assert_eq!(stats.slept, LONGEST);
    }
    assert_eq!(snapshot.total().slept, 2 * LONGEST);
    assert!(snapshot.to_string().contains("213503d 23h 34m 33s"));
}

#[test]
fn a_dropped_future_has_started_attempts_and_has_not_ended() {
    let (stats, clock) = (Stats::new(), ManualClock::new());
    let call = EACH_SECOND
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .observe(&stats);
    {
        let mut future = pin!(call.execute(pending::<Result<(), Failure>>));
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(future.as_mut().poll(&mut context), Poll::Pending));
    }
    let fetch = only(&stats);
    assert_eq!((fetch.first_attempts, fetch.calls), (1, 0));
    assert_eq!(fetch.mean_attempts(), None);
    assert_eq!(
        stats.to_string(),
        "\
operation  calls  succeeded  failed  first try  attempts per call  retries  added load  slept
fetch          0          0       0          –                  –        0       0.0 %     0s

operation  calls by attempts  failed attempts by class  failed calls by reason
fetch      –                  –                         –
no call has ended
"
    );
}

#[test]
fn guards_on_their_own_and_their_changes_are_no_calls() {
    static STATS: Stats = Stats::new();
    let clock = ManualClock::new();
    let _installed = clock.install();
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .observe(&STATS);
    let permit = breaker.try_acquire().expect("a closed circuit");
    permit.fail(ErrorClass::Transient);
    assert!(STATS.snapshot().operations.is_empty());

    // Half-open, then closed, and a wait for a bulkhead: one call is one call.
    clock.advance(secs(3600));
    let bulkhead = Bulkhead::new("pool", 1).wait(secs(1));
    let inside = bulkhead.try_acquire().expect("room");
    let policy = AT_ONCE.attempts(1);
    let call = policy
        .call("pay")
        .clock(&clock)
        .sleeper(&clock)
        .breaker(&breaker)
        .bulkhead(&bulkhead)
        .observe(&STATS);
    let _ = poll_to_end(call.execute(async || Ok::<_, Failure>(7)));
    drop(inside);
    let _ = call.execute_blocking(|| Ok::<_, Failure>(7));
    let pay = only(&STATS);
    assert_eq!((pay.calls, pay.successes, pay.failures), (2, 1, 1));
    assert_eq!(pay.stop_reasons, [(StopReason::BulkheadFull, 1)].into());
    assert_eq!(pay.first_attempts, 1);
}

// Operations.

/// Names at addresses of their own.
fn name(text: &str) -> &'static str {
    text.to_owned().leak()
}

#[test]
fn operations_are_sorted_and_found_by_name() {
    let stats = Stats::new();
    for text in ["b", "a", "c", "b"] {
        call(&stats, name(text), &AT_ONCE, &[Ok(7)]);
    }
    let snapshot = stats.snapshot();
    let calls: Vec<_> = snapshot
        .operations
        .iter()
        .map(|stats| (stats.operation, stats.calls))
        .collect();
    assert_eq!(calls, [("a", 1), ("b", 2), ("c", 1)]);
    assert_eq!(snapshot.operation("b"), Some(&snapshot.operations[1]));
    assert_eq!(snapshot.operation("d"), None);
}

#[test]
fn operations_beyond_the_256th_are_counted_together() {
    let stats = Stats::new();
    let names: Vec<_> = (0..300)
        .map(|number| name(&format!("op{number}")))
        .collect();
    for _ in 0..2 {
        for name in &names {
            call(&stats, name, &AT_ONCE, &[Err(TRANSIENT), Ok(7)]);
        }
    }
    let snapshot = stats.snapshot();
    assert_eq!(snapshot.operations.len(), 257);
    let (others, first) = snapshot.operations.split_last().expect("there are 257");
    assert!(first.is_sorted_by_key(|stats| stats.operation));
    for stats in first {
        assert_eq!((stats.calls, stats.retries), (2, 2), "{}", stats.operation);
        let number: usize = stats.operation[2..].parse().expect("a number");
        assert!(number < 256, "whoever comes first gets the name");
    }
    assert_eq!(others.operation, "(other operations)");
    assert_eq!(others.operation, Stats::OTHERS);
    assert_eq!((others.calls, others.retries), (2 * 44, 2 * 44));
    assert_eq!(snapshot.operation(Stats::OTHERS), Some(others));
    assert_eq!(snapshot.total().calls, 600);
}

// Threads.

const THREADS: u64 = 8;
const CALLS: u64 = 500;

/// Each thread makes calls that succeed at once, after two retries, and never.
fn make_calls(stats: &Stats, operations: &[&'static str]) {
    let policy = Policy::new().backoff(Backoff::fixed(millis(1)));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for (turn, operation) in (0..CALLS).zip(operations.iter().cycle()) {
                    let results: &[_] = match turn % 4 {
                        0 | 1 => &[Ok(7)],
                        2 => &[Err(TRANSIENT), Err(RATE_LIMIT), Ok(7)],
                        _ => &[Err(TRANSIENT)],
                    };
                    call(stats, operation, &policy, results);
                }
            });
        }
    });
}

fn assert_all_counted(total: &OperationStats) {
    let quarter = THREADS * CALLS / 4;
    assert_eq!(total.calls, 4 * quarter);
    assert_eq!(total.successes, 3 * quarter);
    assert_eq!(total.first_try_successes, 2 * quarter);
    assert_eq!(total.failures, quarter);
    assert_eq!(
        buckets(total),
        [(1, 2 * quarter, 2 * quarter), (3, 2 * quarter, quarter)]
    );
    assert_eq!(
        (total.first_attempts, total.retries),
        (4 * quarter, 4 * quarter)
    );
    assert_eq!(total.slept, millis(4 * quarter));
    assert_eq!(
        total.failed_attempts,
        [
            (ErrorClass::RateLimit, quarter),
            (ErrorClass::Transient, 4 * quarter)
        ]
        .into()
    );
    assert_eq!(
        total.stop_reasons,
        [(StopReason::MaxAttemptsGlobal, quarter)].into()
    );
    assert_eq!(total.mean_attempts(), Some(2.0));
}

/// Tells each event very often, so that threads get into each other's way.
struct Often<'a>(&'a Stats);

const OFTEN: u64 = 20_000;

impl Observer for Often<'_> {
    fn on_event(&self, event: &Event<'_>) {
        for _ in 0..OFTEN {
            self.0.on_event(event);
        }
    }
}

/// Threads that all make one call with one retry, while `meanwhile` runs again and again.
fn rush(stats: &Stats, mut meanwhile: impl FnMut()) {
    let running = AtomicU64::new(THREADS);
    let policy = Policy::new().backoff(Backoff::fixed(millis(1)));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let clock = ManualClock::new();
                let script = Script::new([Err(TRANSIENT), Ok(7)]);
                let often = Often(stats);
                let call = policy
                    .call("fetch")
                    .clock(&clock)
                    .sleeper(&clock)
                    .observe(&often);
                let _ = call.execute_blocking(|| script.attempt());
                running.fetch_sub(1, Ordering::Relaxed);
            });
        }
        while running.load(Ordering::Relaxed) > 0 {
            meanwhile();
        }
    });
}

fn assert_all_told(totals: &[OperationStats]) {
    let all = THREADS * OFTEN;
    let sum = |count: fn(&OperationStats) -> u64| totals.iter().map(count).sum::<u64>();
    assert_eq!(sum(|total| total.calls), all);
    assert_eq!(sum(|total| total.successes), all);
    assert_eq!(sum(|total| total.first_attempts), all);
    assert_eq!(sum(|total| total.retries), all);
    assert_eq!(sum(|total| total.failed_attempts.values().sum()), all);
    let slept: Duration = totals.iter().map(|total| total.slept).sum();
    assert_eq!(slept, millis(all));
}

#[test]
fn threads_lose_no_count() {
    let stats = Stats::new();
    make_calls(&stats, &["fetch"]);
    assert_all_counted(&only(&stats));

    let stats = Stats::new();
    rush(&stats, thread::yield_now);
    assert_all_told(&[only(&stats)]);
}

#[test]
fn threads_that_meet_at_new_operations_share_them() {
    let stats = Stats::new();
    let names: Vec<_> = (0..300)
        .map(|number| name(&format!("op{number}")))
        .collect();
    make_calls(&stats, &names);
    let snapshot = stats.snapshot();
    assert_eq!(snapshot.operations.len(), 257);
    let names: Vec<_> = snapshot.operations.iter().map(|it| it.operation).collect();
    let mut distinct = names.clone();
    distinct.dedup();
    assert_eq!(names, distinct, "no operation is there twice");
    assert_all_counted(&snapshot.total());
}

#[test]
fn a_snapshot_adds_up_while_calls_run() {
    let (stats, done) = (Stats::new(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            make_calls(&stats, &["fetch", "store"]);
            done.store(true, Ordering::Relaxed);
        });
        while !done.load(Ordering::Relaxed) {
            for stats in stats.snapshot().operations {
                let by_attempts = stats.calls_by_attempts.iter();
                assert_eq!(stats.calls, stats.successes + stats.failures);
                assert_eq!(stats.failures, stats.stop_reasons.values().sum::<u64>());
                assert_eq!(
                    stats.calls,
                    by_attempts.map(|bucket| bucket.calls).sum::<u64>()
                );
                assert!(stats.first_try_successes <= stats.successes);
            }
        }
    });
}

// Intervals.

#[test]
fn what_is_taken_is_not_counted_again() {
    let stats = Stats::new();
    call(&stats, "fetch", &EACH_SECOND, &[Err(TRANSIENT), Ok(7)]);
    call(&stats, "store", &EACH_SECOND, &[Err(PERMANENT)]);
    let expected = stats.snapshot();
    assert_eq!(stats.take(), expected);
    assert!(stats.snapshot().operations.is_empty());

    call(&stats, "store", &EACH_SECOND, &[Ok(7)]);
    let store = only(&stats);
    assert_eq!((store.operation, store.calls), ("store", 1));
    assert_eq!((store.successes, store.failures), (1, 0));
    assert_eq!(store.mean_attempts(), Some(1.0));
}

#[test]
fn what_is_taken_while_calls_run_is_all_there_was() {
    let (stats, mut totals) = (Stats::new(), Vec::new());
    rush(&stats, || totals.push(stats.take().total()));
    totals.push(stats.take().total());
    assert_all_told(&totals);
}

// Other observers.

#[test]
fn it_counts_what_a_recorder_next_to_it_sees() {
    let pair = (Stats::new(), Recorder::new());
    let clock = ManualClock::new();
    let results = [Err(TRANSIENT), Err(RATE_LIMIT), Err(TRANSIENT)];
    let script = Script::new(results);
    let call = EACH_SECOND
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .observe(&pair);
    let _ = call.execute_blocking(|| script.attempt() as Result<u8, _>);
    let (stats, recorder) = &pair;
    let fetch = only(stats);
    assert_eq!((fetch.retries, recorder.count(EventKind::Retry)), (2, 2));
    assert_eq!(fetch.slept, recorder.delays().iter().sum());
}

// How it reads.

#[test]
fn before_the_first_call_the_table_says_so() {
    let stats = Stats::default();
    assert_eq!(stats.to_string(), "no call has ended\n");
    let total = stats.snapshot().total();
    assert_eq!(total.mean_attempts(), None);
    assert_eq!(total.success_rate(), None);
    assert_eq!(total.first_try_rate(), None);
    assert_eq!(total.added_load(), None);
}

fn some_calls() -> Stats {
    let stats = Stats::new();
    for _ in 0..9 {
        call(&stats, "fetch_user", &EACH_SECOND, &[Ok(7)]);
    }
    call(&stats, "fetch_user", &EACH_SECOND, &[Err(TRANSIENT)]);
    let policy = Policy::new()
        .backoff(Backoff::fixed(millis(1_500)))
        .attempts(42);
    call(&stats, "poll", &policy, &[Err(RATE_LIMIT)]);
    let _ = AT_ONCE
        .call("poll")
        .observe(&stats)
        .abort(&|| true)
        .execute_blocking(|| Ok::<_, Failure>(7));
    stats
}

#[test]
fn the_table_is_aligned_and_totals_the_operations() {
    assert_eq!(
        some_calls().to_string(),
        "\
operation       calls  succeeded  failed  first try  attempts per call  retries  added load  slept
fetch_user         10          9       1     90.0 %               1.20        2      20.0 %     2s
poll                2          0       2      0.0 %              21.00       41    4100.0 %  1m 1s
all operations     12          9       3     75.0 %               4.50       43     390.9 %  1m 3s

operation       calls by attempts           failed attempts by class      failed calls by reason
fetch_user      1: 9, 3: 1                  transient: 3                  max_attempts_global: 1
poll            0: 1, 21–50: 1              rate_limit: 42                max_attempts_global: 1, aborted: 1
all operations  0: 1, 1: 9, 3: 1, 21–50: 1  rate_limit: 42, transient: 3  max_attempts_global: 2, aborted: 1
"
    );
}

#[test]
fn the_scenes_have_this_table() {
    static STATS: Stats = Stats::new();
    play_all(&STATS);
    expect_file!["golden/stats.txt"].assert_eq(&STATS.to_string());
}

#[test]
fn debugging_shows_the_numbers() {
    let debug = format!("{:?}", some_calls());
    assert!(debug.contains("operation: \"poll\""), "{debug}");
    assert!(debug.contains("MaxAttemptsGlobal: 1"), "{debug}");
}

#[cfg(feature = "serde")]
#[test]
fn as_data_it_has_the_stable_names_and_durations_as_text() {
    let json = serde_json::to_value(some_calls().snapshot()).expect("it can be written");
    let poll = serde_json::json!({
        "operation": "poll",
        "calls": 2,
        "successes": 0,
        "first_try_successes": 0,
        "failures": 2,
        "mean_attempts": 21.0,
        "calls_by_attempts": [
            { "from": 0, "to": 0, "calls": 1, "successes": 0 },
            { "from": 21, "to": 50, "calls": 1, "successes": 0 },
        ],
        "stop_reasons": { "max_attempts_global": 1, "aborted": 1 },
        "first_attempts": 1,
        "retries": 41,
        "added_load": 41.0,
        "failed_attempts": { "rate_limit": 42 },
        "slept": "1m 1s 500ms",
    });
    assert_eq!(json["operations"][1], poll);
    assert_eq!(json["operations"][0]["operation"], "fetch_user");
    assert_eq!(json.as_object().map(serde_json::Map::len), Some(1));

    let nothing = serde_json::to_value(Stats::new().snapshot().total()).expect("it can be written");
    assert!(nothing["mean_attempts"].is_null() && nothing["added_load"].is_null());
    assert_eq!(nothing["slept"], "0s");
}

#[cfg(feature = "serde")]
#[test]
fn stop_reasons_are_written_and_read_by_their_stable_names() {
    for reason in only(&every_stop()).stop_reasons.into_keys() {
        let json = serde_json::to_value(reason).expect("it can be written");
        assert_eq!(json, reason.as_str());
        let read: StopReason = serde_json::from_value(json).expect("it can be read");
        assert_eq!(read, reason);
    }
}
