//! What happened in a call, recorded in its outcome: attempts, guards, the end.

mod support;

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use retry_core::testing::{ManualClock, RecordedEvent, Recorder};
use retry_core::{
    AttemptRecord, Backoff, Budget, Bulkhead, Cause, CircuitBreaker, ErrorClass, Event, EventKind,
    GuardRecord, Policy, SleepDecision, StopReason, Timeline,
};
use support::{
    AT_ONCE, EACH_SECOND, Failure, Leaving, RATE_LIMIT, SERVER_ERROR, Script, TRANSIENT, millis,
    poll_to_end, secs,
};

fn describe(error: &Failure, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    write!(formatter, "{error:?}")
}

/// How somebody's error may describe itself.
type Describe = fn(&Failure, &mut std::fmt::Formatter<'_>) -> std::fmt::Result;

#[test]
fn an_error_that_cannot_be_described_is_recorded_without_its_text() {
    let fails: Describe = |_, _| Err(std::fmt::Error);
    let panics: Describe = |_, _| panic!("a description panics");
    for describe in [fails, panics] {
        let script = Script::new([Err(TRANSIENT), Ok(7)]);
        let call = AT_ONCE.call("test").describe(describe).timeline(10);
        let outcome = call.execute_blocking(|| script.attempt());
        let attempts: Vec<_> = outcome.timeline().iter().collect();
        assert_eq!(attempts.len(), 2);
        assert_eq!(attempts[0].class, Some(ErrorClass::Transient));
        assert_eq!(attempts[0].error, None);
        assert_eq!(outcome.value(), Some(&7));
    }
}

#[test]
fn every_attempt_is_recorded_with_what_became_of_it() {
    let clock = ManualClock::new();
    let script = Script::new([Err(TRANSIENT), Err(RATE_LIMIT), Ok(7)]).taking(millis(100), &clock);
    let call = EACH_SECOND
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .describe(describe)
        .timeline(10);
    let outcome = call.execute_blocking(|| script.attempt());
    let lines: Vec<_> = outcome.timeline().iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "attempt 1 at 0ns took 100ms: transient error \"Of(Transient)\", then slept 1s",
            "attempt 2 at 1.1s took 100ms: rate_limit error \"Of(RateLimit)\", then slept 1s",
            "attempt 3 at 2.2s took 100ms: success",
        ]
    );
    let first: &AttemptRecord = outcome.timeline().iter().next().expect("there are three");
    assert_eq!(first.number, 1);
    assert_eq!(first.start, secs(0));
    assert_eq!(first.duration, millis(100));
    assert_eq!(first.class, Some(ErrorClass::Transient));
    assert_eq!(first.cause, Some(Cause::Error));
    assert_eq!(first.error.as_deref(), Some("Of(Transient)"));
    assert_eq!(first.delay, Some(secs(1)));
    assert_eq!(outcome.timeline().len(), 3);
    assert_eq!(outcome.timeline().omitted(), 0);
}

#[test]
fn the_last_failure_has_no_delay() {
    let clock = ManualClock::new();
    let policy = EACH_SECOND.attempts(2);
    let call = policy
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .timeline(10);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    let delays: Vec<_> = outcome.timeline().iter().map(|it| it.delay).collect();
    assert_eq!(delays, [Some(secs(1)), None]);
}

#[test]
fn a_deferred_attempt_has_no_delay() {
    let call = EACH_SECOND
        .call("test")
        .timeline(10)
        .on_sleep(|_, _| SleepDecision::Defer);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    let delays: Vec<_> = outcome.timeline().iter().map(|it| it.delay).collect();
    assert_eq!(delays, [None]);
}

#[test]
fn a_sleep_that_was_cut_by_an_abort_is_no_delay() {
    let clock = ManualClock::new();
    let aborted = || clock.elapsed() >= millis(100);
    let call = EACH_SECOND
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .abort(&aborted)
        .timeline(10);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    let delays: Vec<_> = outcome.timeline().iter().map(|it| it.delay).collect();
    assert_eq!(delays, [None], "no attempt followed");
}

#[test]
fn values_and_timeouts_are_recorded() {
    let clock = ManualClock::new();
    let policy = EACH_SECOND.attempt_timeout(secs(2)).attempts(2);
    let call = policy
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .retry_until(|_: &u8| false)
        .timeline(10);
    let mut runs = 0;
    let outcome = poll_to_end(call.execute(|| {
        runs += 1;
        let first = runs == 1;
        async move {
            if first {
                return Ok::<_, Failure>(7);
            }
            pending().await
        }
    }));
    let lines: Vec<_> = outcome.timeline().iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "attempt 1 at 0ns took 0ns: transient value, then slept 1s",
            "attempt 2 at 1s took 2s: transient timeout",
        ]
    );
}

#[test]
fn the_latest_attempts_are_kept_and_the_others_counted() {
    let policy = AT_ONCE.attempts(10);
    let call = policy.call("test").timeline(3);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    let numbers: Vec<_> = outcome.timeline().iter().map(|it| it.number).collect();
    assert_eq!(numbers, [8, 9, 10]);
    assert_eq!(outcome.timeline().omitted(), 7);
}

#[test]
fn an_unlimited_policy_does_not_make_the_timeline_grow() {
    let mut results = vec![Err(TRANSIENT); 10_000];
    results.push(Ok(7));
    let script = Script::new(results);
    let policy = AT_ONCE.unlimited();
    let call = policy.call("test").timeline(5);
    let outcome = call.execute_blocking(|| script.attempt());
    assert_eq!(outcome.attempts(), 10_001);
    assert_eq!(outcome.timeline().len(), 5);
    assert_eq!(outcome.timeline().omitted(), 9_996);
}

#[test]
fn a_limit_of_zero_only_counts() {
    let call = AT_ONCE.call("test").timeline(0);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert!(outcome.timeline().is_empty());
    assert_eq!(outcome.timeline().omitted(), 3);
}

#[test]
fn a_call_that_never_ran_has_no_attempts() {
    let call = AT_ONCE.call("test").abort(&|| true).timeline(5);
    let outcome = call.execute_blocking(|| Ok::<_, Failure>(7));
    assert!(outcome.timeline().is_empty());
    assert_eq!(outcome.timeline().omitted(), 0);
}

#[test]
fn without_a_limit_nothing_is_recorded() {
    let outcome = AT_ONCE
        .call("test")
        .execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert!(outcome.timeline().is_empty());
    assert_eq!(outcome.timeline().omitted(), 0);
}

// Guards.

#[test]
fn what_guards_do_is_recorded_although_the_first_attempt_succeeds() {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let circuit = CircuitBreaker::new("payments").consecutive(1);
    let permit = circuit.try_acquire().expect("a closed circuit");
    permit.fail(ErrorClass::Transient);
    clock.advance(circuit.settings().open_for);
    let call = AT_ONCE.call("pay").breaker(&circuit).timeline(5);
    let outcome = call.execute_blocking(|| Ok::<_, Failure>(7));
    let events: Vec<_> = outcome
        .timeline()
        .events()
        .map(|event| (event.kind, event.after_attempt, &*event.guard))
        .collect();
    assert_eq!(
        events,
        [
            (EventKind::CircuitHalfOpen, 0, "payments"),
            (EventKind::CircuitClosed, 1, "payments"),
        ]
    );
}

#[test]
fn an_attempt_knows_how_long_it_waited_for_the_bulkhead() {
    let pool = Bulkhead::new("pool", 1).wait(secs(5));
    let sleeper = Leaving::from(&pool, secs(2));
    let script = Script::new([Err(TRANSIENT), Ok(7)]).taking(millis(100), &sleeper.clock);
    let call = EACH_SECOND
        .call("query")
        .clock(&sleeper.clock)
        .sleeper(&sleeper);
    let outcome = call
        .bulkhead(&pool)
        .timeline(5)
        .execute_blocking(|| script.attempt());
    let attempts: Vec<_> = outcome
        .timeline()
        .iter()
        .map(|it| (it.start, it.wait))
        .collect();
    assert_eq!(
        attempts,
        [
            (secs(2), Some(secs(2))),
            (millis(3100), Some(Duration::ZERO))
        ]
    );

    let outcome = AT_ONCE
        .call("query")
        .timeline(5)
        .execute_blocking(|| Ok::<_, Failure>(7));
    let waits: Vec<_> = outcome.timeline().iter().map(|it| it.wait).collect();
    assert_eq!(waits, [None], "there is no bulkhead");
}

#[test]
fn a_call_that_was_rejected_knows_by_whom_and_how_it_ended() {
    let pool = Bulkhead::new("pool", 1).wait(secs(5));
    let sleeper = Leaving::from(&pool, secs(20));
    let call = AT_ONCE
        .call("query")
        .clock(&sleeper.clock)
        .sleeper(&sleeper);
    let outcome = call
        .bulkhead(&pool)
        .timeline(5)
        .execute_blocking(|| Ok::<_, Failure>(7));
    let timeline = outcome.timeline();
    assert!(timeline.is_empty());
    assert_eq!(timeline.operation(), "query");
    let last = timeline.events().next_back().expect("it was rejected");
    assert_eq!(
        (last.kind, last.at, last.after_attempt, last.duration),
        (EventKind::BulkheadRejected, secs(5), 0, Some(secs(5)))
    );
    let end = timeline.end().expect("it has ended");
    assert_eq!(
        (end.stop_reason, end.at, end.wait),
        (Some(StopReason::BulkheadFull), secs(5), Some(secs(5)))
    );
}

#[test]
fn without_a_limit_nobody_knows_how_the_call_ended() {
    let outcome = AT_ONCE
        .call("test")
        .execute_blocking(|| Err::<(), _>(TRANSIENT));
    let timeline = outcome.timeline();
    assert_eq!((timeline.end(), timeline.operation()), (None, ""));
    assert_eq!((timeline.events().len(), timeline.omitted_events()), (0, 0));
}

// The same that an observer is told.

/// A call with all guards, of which each is drawn so that it does something now and then.
#[derive(Clone, Debug)]
struct Scenario {
    /// How long each attempt takes, and how it ends.
    attempts: Vec<(Duration, Option<ErrorClass>)>,
    delay: Duration,
    deadline: Option<Duration>,
    consecutive: u32,
    per_call: bool,
    open_for: Duration,
    retries: u32,
    wait: Duration,
    contention_after: Duration,
    /// How long the bulkhead is full from the beginning of the call and of each sleep.
    full_for: Duration,
    /// A circuit that has opened is due for a probe by the time that the call looks.
    flaps: bool,
    limit: usize,
}

prop_compose! {
    fn scenario()(
        attempts in vec((durations(), option::weighted(0.9, classes())), 1..12),
        delay in durations(),
        deadline in option::weighted(0.3, durations().prop_map(|it| it + millis(1))),
        consecutive in 1_u32..4,
        per_call in any::<bool>(),
        open_for in durations().prop_map(|it| it + millis(1)),
        retries in 1_u32..8,
        wait in durations(),
        contention_after in durations(),
        full_for in prop_oneof![2 => Just(Duration::ZERO), 1 => durations()],
        flaps in any::<bool>(),
        limit in prop_oneof![0_usize..4, Just(usize::MAX)],
    ) -> Scenario {
        Scenario {
            attempts, delay, deadline, consecutive, per_call, open_for, retries, wait, contention_after, full_for, flaps, limit,
        }
    }
}

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![Just(Duration::ZERO), (0_u64..3_000).prop_map(millis)]
}

fn classes() -> impl Strategy<Value = ErrorClass> {
    prop_oneof![
        10 => Just(ErrorClass::Transient),
        10 => Just(ErrorClass::ServerError),
        1 => Just(ErrorClass::Permanent),
    ]
}

/// What a call in this scenario records.
fn run(scenario: &Scenario, recorder: Option<&Recorder>) -> Timeline {
    let mut circuit = CircuitBreaker::new("payments")
        .consecutive(scenario.consecutive)
        .trip_on(&[ErrorClass::ServerError])
        .open_for(scenario.open_for);
    if scenario.per_call {
        circuit = circuit.per_call();
    }
    let budget = Budget::new("retries").per_window(scenario.retries, secs(60));
    let pool = Bulkhead::new("pool", 1)
        .wait(scenario.wait)
        .contention_after(scenario.contention_after);
    let mut policy = Policy::new()
        .unlimited()
        .backoff(Backoff::fixed(scenario.delay));
    if let Some(deadline) = scenario.deadline {
        policy = policy.deadline(deadline);
    }
    let sleeper = Leaving::default();
    let clock = &sleeper.clock;
    let fill = || {
        if !scenario.full_for.is_zero() {
            sleeper.enter(&pool, clock.elapsed() + scenario.full_for);
        }
    };
    fill();
    let look_away = |event: &Event<'_>| {
        if scenario.flaps && event.kind == EventKind::CircuitOpened {
            clock.advance(scenario.open_for);
        }
    };
    let call = policy
        .call("pay")
        .clock(clock)
        .sleeper(&sleeper)
        .breaker(&circuit)
        .budget(&budget)
        .bulkhead(&pool)
        .on_sleep(|_, _| {
            fill();
            SleepDecision::Sleep
        })
        .describe(describe)
        .timeline(scenario.limit);
    let mut attempts = scenario.attempts.iter();
    let attempt = || {
        let (takes, class) = attempts.next().unwrap_or(&(Duration::ZERO, None));
        clock.advance(*takes);
        class.map_or(Ok(()), |class| Err(Failure::Of(class)))
    };
    let outcome = match recorder {
        Some(recorder) => call
            .observe(recorder)
            .observe(&look_away)
            .execute_blocking(attempt),
        None => call.execute_blocking(attempt),
    };
    outcome.timeline().clone()
}

/// An attempt in one line, as its record and as its events have it.
fn attempts_told(events: &[RecordedEvent]) -> VecDeque<String> {
    let find = |kind, attempt| {
        let mut events = events.iter();
        events.find(|event| event.kind == kind && event.attempt == attempt)
    };
    let ended = events
        .iter()
        .filter(|event| event.kind == EventKind::AttemptEnded);
    let line = |event: &RecordedEvent| {
        let started = find(EventKind::AttemptStarted, event.attempt).expect("it has ended");
        let retry = find(EventKind::Retry, event.attempt);
        let delay = retry.filter(|_| find(EventKind::AttemptStarted, event.attempt + 1).is_some());
        format!(
            "{} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            event.attempt,
            started.elapsed,
            started.wait,
            event.duration.expect("it has ended"),
            event.class,
            event.cause,
            event.error,
            delay.and_then(|retry| retry.delay),
        )
    };
    ended.map(line).collect()
}

fn attempts_recorded(timeline: &Timeline) -> Vec<String> {
    let line = |it: &AttemptRecord| {
        format!(
            "{} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            it.number, it.start, it.wait, it.duration, it.class, it.cause, it.error, it.delay
        )
    };
    timeline.iter().map(line).collect()
}

/// The same for what guards do.
fn guards_told(events: &[RecordedEvent]) -> VecDeque<String> {
    let mut ended = 0;
    let mut lines = VecDeque::new();
    for event in events {
        ended += u32::from(event.kind == EventKind::AttemptEnded);
        let Some(guard) = &event.guard else {
            continue;
        };
        lines.push_back(format!(
            "{} {guard} {:?} {ended} {:?}",
            event.kind,
            event.elapsed,
            event.wait.or(event.delay)
        ));
    }
    lines
}

fn guards_recorded(timeline: &Timeline) -> Vec<String> {
    let line = |it: &GuardRecord| {
        format!(
            "{} {} {:?} {} {:?}",
            it.kind, it.guard, it.at, it.after_attempt, it.duration
        )
    };
    timeline.events().map(line).collect()
}

/// What is left if the latest so many are kept, and how many are not.
fn latest(mut lines: VecDeque<String>, limit: usize) -> (Vec<String>, u64) {
    let omitted = lines.len().saturating_sub(limit);
    lines.drain(..omitted);
    (lines.into(), omitted as u64)
}

proptest! {
    #[test]
    fn a_timeline_has_what_an_observer_is_told(scenario in scenario()) {
        let recorder = Recorder::new();
        let timeline = run(&scenario, Some(&recorder));
        let events = recorder.events();
        let recorded = (attempts_recorded(&timeline), timeline.omitted());
        prop_assert_eq!(recorded, latest(attempts_told(&events), scenario.limit));
        let recorded = (guards_recorded(&timeline), timeline.omitted_events());
        prop_assert_eq!(recorded, latest(guards_told(&events), scenario.limit));
        let last = events.last().expect("every call ends");
        let end = timeline.end().expect("it has ended");
        prop_assert_eq!((end.stop_reason, end.at), (last.stop_reason, last.elapsed));
    }

    #[test]
    fn a_timeline_needs_no_observer(scenario in scenario()) {
        // Somebody has to see that it opens.
        let scenario = Scenario { flaps: false, ..scenario };
        let observed = run(&scenario, Some(&Recorder::new()));
        prop_assert_eq!(run(&scenario, None), observed);
    }
}

// Many calls at once.

const CALLS: usize = 200;

/// Fails with a text of its own, however many others there are.
#[derive(Clone, Debug)]
struct Named(String);

impl Named {
    fn describe(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The errors' texts of attempts that succeed at the third.
fn expected(call: &str) -> Vec<(u32, Option<String>)> {
    let failed = |attempt| (attempt, Some(format!("{call}, attempt {attempt}")));
    vec![failed(1), failed(2), (3, None)]
}

fn texts(timeline: &Timeline) -> Vec<(u32, Option<String>)> {
    let text = |attempt: &AttemptRecord| (attempt.number, attempt.error.clone());
    timeline.iter().map(text).collect()
}

/// How attempt number `attempt` of `call` ends.
fn end_of(call: &str, attempt: u32) -> Result<(), Named> {
    if attempt == 3 {
        return Ok(());
    }
    Err(Named(format!("{call}, attempt {attempt}")))
}

/// A call whose attempts may be told from all others.
macro_rules! named_call {
    ($operation:literal) => {
        AT_ONCE
            .call($operation)
            .classify(|_: &Named| ErrorClass::Transient)
            .describe(Named::describe)
            .timeline(8)
    };
}

#[cfg(feature = "tokio")]
#[test]
fn nested_calls_of_two_hundred_tasks_record_their_own_attempts_in_order() {
    async fn inner(call: &str) {
        let mut attempt = 0;
        let inner = named_call!("inner");
        let outcome = inner.execute(|| {
            attempt += 1;
            async move {
                tokio::task::yield_now().await;
                end_of(call, attempt)
            }
        });
        assert_eq!(texts(outcome.await.timeline()), expected(call));
    }
    async fn outer(number: usize) {
        let call = &format!("task {number}");
        let mut attempt = 0;
        let outer = named_call!("outer");
        let outcome = outer.execute(|| {
            attempt += 1;
            async move {
                let (first, second) = (format!("{call}.{attempt}a"), format!("{call}.{attempt}b"));
                tokio::join!(inner(&first), inner(&second));
                end_of(call, attempt)
            }
        });
        assert_eq!(texts(outcome.await.timeline()), expected(call));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .expect("a runtime");
    let tasks: Vec<_> = (0..CALLS)
        .map(|number| runtime.spawn(outer(number)))
        .collect();
    for task in tasks {
        runtime.block_on(task).expect("no panic");
    }
}

#[test]
fn nested_calls_of_two_hundred_threads_record_their_own_attempts_in_order() {
    fn nested(call: &str, depth: u32) {
        let mut attempt = 0;
        let outcome = named_call!("nested").execute_blocking(|| {
            attempt += 1;
            thread::yield_now();
            if depth > 0 {
                nested(&format!("{call}.{attempt}"), depth - 1);
            }
            end_of(call, attempt)
        });
        assert_eq!(texts(outcome.timeline()), expected(call));
    }
    let start = Barrier::new(CALLS);
    thread::scope(|scope| {
        for number in 0..CALLS {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                nested(&format!("thread {number}"), 2);
            });
        }
    });
}

#[test]
fn each_transition_of_a_circuit_that_threads_share_is_in_one_timeline() {
    let clock = ManualClock::new();
    let circuit = CircuitBreaker::new("payments")
        .consecutive(2)
        .open_for(millis(5));
    let start = Barrier::new(CALLS);
    let recorded = Mutex::new(0);
    thread::scope(|scope| {
        for number in 0..CALLS {
            let (start, recorded) = (&start, &recorded);
            let call = AT_ONCE
                .call("pay")
                .clock(&clock)
                .breaker(&circuit)
                .timeline(8);
            let clock = &clock;
            scope.spawn(move || {
                start.wait();
                let outcome = call.execute_blocking(|| {
                    clock.advance(millis(1));
                    thread::yield_now();
                    if number % 3 == 0 {
                        Ok(())
                    } else {
                        Err(SERVER_ERROR)
                    }
                });
                let events = outcome.timeline().events();
                let transitions = events.filter(|event| !event.kind.is_terminal()).count();
                *recorded.lock().expect("no panic while locked") += transitions as u64;
            });
        }
    });
    let recorded = recorded.into_inner().expect("no panic while locked");
    assert!(recorded > 0);
    assert_eq!(recorded, circuit.snapshot().transitions);
}
