//! What observers see: which events, in which order, with which fields.

mod support;

use std::cell::Cell;
use std::fmt::Write as _;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use retry_core::testing::{ManualClock, RecordedEvent, Recorder};
use retry_core::{
    Backoff, ClassRule, ErrorClass, Event, EventKind, Policy, SleepDecision, StopReason,
};
use support::{
    AT_ONCE, EACH_SECOND, Failure, PERMANENT, RATE_LIMIT, Script, TRANSIENT, UNKNOWN, millis,
    poll_to_end, secs,
};

/// An event in one line, field for field; only fields that are there.
fn line(event: &RecordedEvent) -> String {
    assert_eq!(event.operation, "fetch");
    let mut line = format!(
        "{} {} at {:?}",
        event.kind.as_str(),
        event.attempt,
        event.elapsed
    );
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(line, " {name}={value}").expect("a string takes everything");
        }
    };
    field("duration", event.duration.map(|it| format!("{it:?}")));
    field("class", event.class.map(|it| it.to_string()));
    field("cause", event.cause.map(|it| it.to_string()));
    field("delay", event.delay.map(|it| format!("{it:?}")));
    field("stop", event.stop_reason.map(|it| it.to_string()));
    field("error", event.error.clone());
    field(
        "type",
        event
            .error_type
            .map(|it| it.rsplit("::").next().unwrap_or(it).to_owned()),
    );
    line
}

fn lines(recorder: &Recorder) -> Vec<String> {
    recorder.events().iter().map(line).collect()
}

/// What a call under `policy` tells whose attempts go as `results` says, each of which takes 100 ms.
fn told(policy: &Policy, results: &[Result<u8, Failure>]) -> Vec<String> {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let script = Script::new(results).taking(millis(100), &clock);
    let call = policy
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .observe(&recorder);
    let _ = call.execute_blocking(|| script.attempt());
    lines(&recorder)
}

fn describe(error: &Failure, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    write!(formatter, "<{error:?}>")
}

// The names.

#[test]
fn the_names_are_stable() {
    let names = [
        (EventKind::AttemptStarted, "attempt_started", false),
        (EventKind::AttemptEnded, "attempt_ended", false),
        (EventKind::Success, "success", true),
        (EventKind::Retry, "retry", false),
        (EventKind::PermanentFail, "permanent_fail", true),
        (EventKind::DeadlineExceeded, "deadline_exceeded", true),
        (
            EventKind::MaxAttemptsExceeded,
            "max_attempts_exceeded",
            true,
        ),
        (
            EventKind::MaxUnknownAttemptsExceeded,
            "max_unknown_attempts_exceeded",
            true,
        ),
        (
            EventKind::NoStrategyConfigured,
            "no_strategy_configured",
            true,
        ),
        (EventKind::BudgetExhausted, "budget_exhausted", true),
        (EventKind::Scheduled, "scheduled", true),
        (EventKind::Aborted, "aborted", true),
        (EventKind::CircuitOpened, "circuit_opened", false),
        (EventKind::CircuitHalfOpen, "circuit_half_open", false),
        (EventKind::CircuitClosed, "circuit_closed", false),
        (EventKind::CircuitRejected, "circuit_rejected", true),
        (EventKind::BulkheadRejected, "bulkhead_rejected", true),
        (EventKind::ContentionDetected, "contention_detected", false),
    ];
    for (kind, name, terminal) in names {
        assert_eq!(kind.as_str(), name);
        assert_eq!(kind.to_string(), name);
        assert_eq!(kind.is_terminal(), terminal, "{name}");
    }
}

// The sequences.

#[test]
fn a_success_at_the_first_attempt() {
    assert_eq!(
        told(&EACH_SECOND, &[Ok(7)]),
        [
            "attempt_started 1 at 0ns",
            "attempt_ended 1 at 100ms duration=100ms",
            "success 1 at 100ms",
        ]
    );
}

#[test]
fn a_success_after_retries() {
    assert_eq!(
        told(&EACH_SECOND, &[Err(TRANSIENT), Err(RATE_LIMIT), Ok(7)]),
        [
            "attempt_started 1 at 0ns",
            "attempt_ended 1 at 100ms duration=100ms class=transient cause=error type=Failure",
            "retry 1 at 100ms class=transient cause=error delay=1s type=Failure",
            "attempt_started 2 at 1.1s",
            "attempt_ended 2 at 1.2s duration=100ms class=rate_limit cause=error type=Failure",
            "retry 2 at 1.2s class=rate_limit cause=error delay=1s type=Failure",
            "attempt_started 3 at 2.2s",
            "attempt_ended 3 at 2.3s duration=100ms",
            // As documented, a success has no class; the outcome still knows the last failure's.
            "success 3 at 2.3s",
        ]
    );
}

#[test]
fn each_stop_reason_has_its_terminal_event() {
    let table: [(Policy, Failure, usize, &str); 8] = [
        (
            EACH_SECOND,
            TRANSIENT,
            3,
            "max_attempts_exceeded 3 at 2.3s class=transient cause=error stop=max_attempts_global type=Failure",
        ),
        (
            EACH_SECOND.class(ErrorClass::Transient, ClassRule::new().attempts(2)),
            TRANSIENT,
            2,
            "max_attempts_exceeded 2 at 1.2s class=transient cause=error stop=max_attempts_per_class type=Failure",
        ),
        (
            EACH_SECOND,
            UNKNOWN,
            2,
            "max_unknown_attempts_exceeded 2 at 1.2s class=unknown cause=error stop=max_unknown_attempts type=Failure",
        ),
        (
            EACH_SECOND,
            PERMANENT,
            1,
            "permanent_fail 1 at 100ms class=permanent cause=error stop=non_retryable_class type=Failure",
        ),
        (
            EACH_SECOND.class(ErrorClass::RateLimit, ClassRule::never()),
            RATE_LIMIT,
            1,
            "permanent_fail 1 at 100ms class=rate_limit cause=error stop=non_retryable_class type=Failure",
        ),
        (
            Policy::new().no_backoff(),
            TRANSIENT,
            1,
            "no_strategy_configured 1 at 100ms class=transient cause=error stop=no_strategy type=Failure",
        ),
        (
            EACH_SECOND.deadline(secs(2)),
            TRANSIENT,
            2,
            "deadline_exceeded 2 at 1.2s class=transient cause=error stop=deadline_exceeded type=Failure",
        ),
        (
            EACH_SECOND.attempts(1),
            Failure::Hint(ErrorClass::RateLimit, secs(5)),
            1,
            "max_attempts_exceeded 1 at 100ms class=rate_limit cause=error stop=max_attempts_global type=Failure",
        ),
    ];
    for (policy, failure, attempts, terminal) in table {
        let told = told(&policy, &[Err(failure)]);
        let (last, before) = told.split_last().expect("there are events");
        assert_eq!(last, terminal);
        // Each attempt starts and ends, and each but the last is followed by a retry.
        assert_eq!(before.len(), 3 * attempts - 1, "{told:#?}");
        for (index, name) in ["attempt_started", "attempt_ended", "retry"]
            .iter()
            .cycle()
            .take(before.len())
            .enumerate()
        {
            let start = format!("{name} {} at ", index / 3 + 1);
            assert!(before[index].starts_with(&start), "{told:#?}");
        }
    }
}

#[test]
fn a_deadline_seen_before_an_attempt_counts_only_those_that_started() {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let policy = EACH_SECOND.deadline(secs(10));
    let call = policy
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .describe(describe)
        .observe(&recorder)
        .on_sleep(|_, _| {
            clock.advance(secs(20));
            SleepDecision::Sleep
        });
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(
        lines(&recorder)[2..],
        [
            "retry 1 at 0ns class=transient cause=error delay=1s error=<Of(Transient)> type=Failure",
            "deadline_exceeded 1 at 21s class=transient cause=error stop=deadline_exceeded error=<Of(Transient)> type=Failure",
        ]
    );
}

#[test]
fn a_deferred_retry_tells_its_delay() {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let call = EACH_SECOND
        .call("fetch")
        .clock(&clock)
        .observe(&recorder)
        .on_sleep(|_, _| SleepDecision::Defer);
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(
        lines(&recorder)[2..],
        ["scheduled 1 at 0ns class=transient cause=error delay=1s stop=scheduled type=Failure"]
    );
}

#[test]
fn a_sleep_rule_that_aborts() {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let call = EACH_SECOND
        .call("fetch")
        .clock(&clock)
        .observe(&recorder)
        .on_sleep(|_, _| SleepDecision::Abort);
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(
        lines(&recorder)[2..],
        ["aborted 1 at 0ns class=transient cause=error stop=aborted type=Failure"]
    );
}

#[test]
fn an_abort_before_the_first_attempt() {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let call = EACH_SECOND
        .call("fetch")
        .clock(&clock)
        .abort(&|| true)
        .observe(&recorder);
    let _ = call.execute_blocking(|| Ok::<_, Failure>(7));
    assert_eq!(lines(&recorder), ["aborted 0 at 0ns stop=aborted"]);
}

#[test]
fn an_abort_during_the_sleep_comes_after_the_retry_that_was_announced() {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let aborted = || clock.elapsed() >= millis(100);
    let call = EACH_SECOND
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .abort(&aborted)
        .observe(&recorder);
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(
        lines(&recorder),
        [
            "attempt_started 1 at 0ns",
            "attempt_ended 1 at 0ns duration=0ns class=transient cause=error type=Failure",
            "retry 1 at 0ns class=transient cause=error delay=1s type=Failure",
            "aborted 1 at 100ms class=transient cause=error stop=aborted type=Failure",
        ]
    );
}

#[test]
fn an_abort_during_an_attempt() {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let aborted = AtomicBool::new(false);
    let call = EACH_SECOND
        .call("fetch")
        .clock(&clock)
        .abort(&aborted)
        .observe(&recorder);
    let _ = call.execute_blocking(|| {
        aborted.store(true, Ordering::Relaxed);
        Err::<(), _>(PERMANENT)
    });
    assert_eq!(
        lines(&recorder),
        [
            "attempt_started 1 at 0ns",
            "attempt_ended 1 at 0ns duration=0ns class=permanent cause=error type=Failure",
            "aborted 1 at 0ns class=permanent cause=error stop=aborted type=Failure",
        ]
    );
}

#[test]
fn a_value_that_is_not_acceptable() {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let policy = EACH_SECOND.attempts(2);
    let call = policy
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .describe(describe)
        .retry_until(|_: &u8| false)
        .observe(&recorder);
    let _ = call.execute_blocking(|| Ok::<_, Failure>(7));
    assert_eq!(
        lines(&recorder),
        [
            "attempt_started 1 at 0ns",
            "attempt_ended 1 at 0ns duration=0ns class=transient cause=value",
            "retry 1 at 0ns class=transient cause=value delay=1s",
            "attempt_started 2 at 1s",
            "attempt_ended 2 at 1s duration=0ns class=transient cause=value",
            "max_attempts_exceeded 2 at 1s class=transient cause=value stop=max_attempts_global",
        ]
    );
}

#[test]
fn an_attempt_that_is_cut() {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let policy = EACH_SECOND.attempt_timeout(secs(2)).deadline(secs(4));
    let call = policy
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .describe(describe)
        .observe(&recorder);
    let _ = poll_to_end(call.execute(pending::<Result<(), Failure>>));
    assert_eq!(
        lines(&recorder),
        [
            "attempt_started 1 at 0ns",
            "attempt_ended 1 at 2s duration=2s class=transient cause=timeout",
            "retry 1 at 2s class=transient cause=timeout delay=1s",
            "attempt_started 2 at 3s",
            "attempt_ended 2 at 4s duration=1s class=transient cause=timeout",
            "deadline_exceeded 2 at 4s class=transient cause=timeout stop=deadline_exceeded",
        ]
    );
}

#[test]
fn a_last_failure_without_an_error_has_no_error_type_even_after_one_that_had() {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let policy = EACH_SECOND.attempts(2);
    let script = Script::new([Err(TRANSIENT), Ok(7)]);
    let call = policy
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .retry_until(|_: &u8| false)
        .observe(&recorder);
    let _ = call.execute_blocking(|| script.attempt());
    assert_eq!(
        lines(&recorder)[3..],
        [
            "attempt_started 2 at 1s",
            "attempt_ended 2 at 1s duration=0ns class=transient cause=value",
            "max_attempts_exceeded 2 at 1s class=transient cause=value stop=max_attempts_global",
        ]
    );
}

#[test]
fn an_abort_after_a_value_has_no_error_type_even_after_an_earlier_error() {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let script = Script::new([Err(TRANSIENT), Ok(7)]);
    let aborted = || clock.elapsed() >= millis(1500);
    let call = EACH_SECOND
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .abort(&aborted)
        .retry_until(|_: &u8| false)
        .observe(&recorder);
    let _ = call.execute_blocking(|| script.attempt());
    assert_eq!(
        lines(&recorder)[5..],
        [
            "retry 2 at 1s class=transient cause=value delay=1s",
            "aborted 2 at 1.5s class=transient cause=value stop=aborted",
        ]
    );
}

#[test]
fn a_zero_delay_is_a_retry_with_a_delay_of_zero() {
    let told = told(&AT_ONCE.attempts(2), &[Err(TRANSIENT)]);
    assert_eq!(
        told[2],
        "retry 1 at 100ms class=transient cause=error delay=0ns type=Failure"
    );
}

#[test]
fn async_and_blocking_calls_tell_the_same() {
    let policies = [
        EACH_SECOND,
        AT_ONCE.deadline(millis(250)),
        EACH_SECOND.deadline(millis(1150)),
        Policy::new().no_backoff(),
    ];
    for policy in policies {
        let results = [Err(TRANSIENT), Err(UNKNOWN), Err(RATE_LIMIT)];
        let clock = ManualClock::new();
        let recorder = Recorder::new();
        let script = Script::new(results.clone()).taking(millis(100), &clock);
        let call = policy
            .call("fetch")
            .clock(&clock)
            .sleeper(&clock)
            .observe(&recorder);
        let _ = poll_to_end(call.execute(async || script.attempt()));
        assert_eq!(lines(&recorder), told(&policy, &results), "{policy:?}");
    }
}

#[test]
fn run_and_execute_tell_the_same() {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let call = EACH_SECOND
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .observe(&recorder);
    let _ = call.run_blocking(|| {
        clock.advance(millis(100));
        Err::<u8, _>(TRANSIENT)
    });
    assert_eq!(lines(&recorder), told(&EACH_SECOND, &[Err(TRANSIENT)]));
}

// The fields.

#[test]
fn the_error_has_its_text_where_it_is_described() {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let policy = AT_ONCE.attempts(2);
    let call = policy
        .call("fetch")
        .clock(&clock)
        .describe(describe)
        .observe(&recorder);
    let _ = call.execute_blocking(|| Err::<(), _>(RATE_LIMIT));
    let told: Vec<_> = recorder
        .events()
        .into_iter()
        .map(|event| (event.kind.as_str(), event.error))
        .collect();
    let text = Some("<Of(RateLimit)>".to_owned());
    assert_eq!(
        told,
        [
            ("attempt_started", None),
            ("attempt_ended", text.clone()),
            ("retry", text.clone()),
            ("attempt_started", None),
            ("attempt_ended", text.clone()),
            ("max_attempts_exceeded", text),
        ]
    );
}

#[test]
fn the_error_type_is_its_full_name() {
    let recorder = Recorder::new();
    let call = AT_ONCE.call("fetch").observe(&recorder);
    let _ = call.execute_blocking(|| Err::<(), _>(std::io::Error::other("no")));
    assert_eq!(
        recorder.events()[1].error_type,
        Some("std::io::error::Error")
    );
}

#[test]
fn an_event_reads_as_a_line() {
    let clock = ManualClock::new();
    let said = Mutex::new(Vec::new());
    let log = |event: &Event<'_>| said.lock().expect("no panic").push(event.to_string());
    let call = EACH_SECOND
        .call("fetch")
        .clock(&clock)
        .describe(describe)
        .observe(&log)
        .on_sleep(|_, _| SleepDecision::Defer);
    let _ = call.execute_blocking(|| Err::<(), _>(RATE_LIMIT));
    assert_eq!(
        *said.lock().expect("no panic"),
        [
            "fetch attempt_started attempt=1",
            "fetch attempt_ended attempt=1 class=rate_limit cause=error error=\"<Of(RateLimit)>\"",
            "fetch scheduled attempt=1 class=rate_limit cause=error stop_reason=scheduled delay=1s error=\"<Of(RateLimit)>\"",
        ]
    );
}

#[test]
fn without_an_observer_nothing_is_built() {
    let call = AT_ONCE
        .call("fetch")
        .describe(|_: &Failure, _| panic!("nobody wants to know"));
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    let _ = call.run_blocking(|| Err::<(), _>(TRANSIENT));
}

#[test]
fn an_observer_that_does_not_look_at_the_text_does_not_pay_for_it() {
    let call = AT_ONCE
        .call("fetch")
        .describe(|_: &Failure, _| panic!("nobody wants to know"))
        .observe(&|_: &Event<'_>| ());
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
}

// The observers.

#[test]
fn each_observer_sees_every_event_in_the_order_of_attachment() {
    let seen = Mutex::new(Vec::new());
    let note = |name: &'static str| {
        let seen = &seen;
        move |event: &Event<'_>| {
            seen.lock()
                .expect("no panic")
                .push((name, event.kind.as_str()));
        }
    };
    let (first, second, third) = (note("first"), note("second"), note("third"));
    let pair = (note("left"), note("right"));
    let call = AT_ONCE
        .call("fetch")
        .observe(&first)
        .observe(&second)
        .observe(&pair)
        .observe(&third);
    let _ = call.execute_blocking(|| Ok::<_, Failure>(7));
    let expected: Vec<_> = ["attempt_started", "attempt_ended", "success"]
        .iter()
        .flat_map(|kind| ["first", "second", "left", "right", "third"].map(|name| (name, *kind)))
        .collect();
    assert_eq!(*seen.lock().expect("no panic"), expected);
}

/// Panics when it is dropped, the first time.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(
            std::thread::panicking(),
            "a payload that panics when dropped"
        );
    }
}

#[test]
fn a_panicking_observer_changes_nothing() {
    let recorder = Recorder::new();
    let (before, after) = (AtomicU32::new(0), AtomicU32::new(0));
    let (count_before, count_after) = (
        |_: &Event<'_>| {
            before.fetch_add(1, Ordering::Relaxed);
        },
        |_: &Event<'_>| {
            after.fetch_add(1, Ordering::Relaxed);
        },
    );
    let panicking = |event: &Event<'_>| {
        assert!(event.attempt != 1, "an observer panics");
        panic_any(Bomb);
    };
    let pair = (panicking, count_before);
    let call = AT_ONCE
        .call("fetch")
        .observe(&pair)
        .observe(&panicking)
        .observe(&count_after)
        .observe(&recorder);
    let script = Script::new([Err(TRANSIENT), Ok(7)]);
    let outcome = call.execute_blocking(|| script.attempt());
    assert_eq!(outcome.value(), Some(&7));
    assert_eq!(outcome.attempts(), 2);
    assert_eq!(
        recorder.kinds(),
        [
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::Retry,
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::Success,
        ]
    );
    assert_eq!(before.load(Ordering::Relaxed), 6);
    assert_eq!(after.load(Ordering::Relaxed), 6);
}

#[test]
fn a_description_that_panics_harms_only_the_observer_that_reads_it() {
    let count = AtomicU32::new(0);
    let counter = |_: &Event<'_>| {
        count.fetch_add(1, Ordering::Relaxed);
    };
    let recorder = Recorder::new();
    let policy = AT_ONCE.attempts(1);
    let call = policy
        .call("fetch")
        .describe(|_: &Failure, _| panic!("a description panics"))
        .observe(&recorder)
        .observe(&counter);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    assert_eq!(count.load(Ordering::Relaxed), 3);
    assert_eq!(recorder.kinds(), [EventKind::AttemptStarted]);
}

#[test]
fn an_observer_may_make_a_call_itself() {
    let inner = Recorder::new();
    let outer = Recorder::new();
    let policy = AT_ONCE.attempts(2);
    let reports = policy.call("report").observe(&inner);
    let reporting = |_: &Event<'_>| {
        let _ = reports.run_blocking(|| Err::<(), _>(TRANSIENT));
    };
    let call = policy.call("fetch").observe(&reporting).observe(&outer);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.attempts(), 2);
    assert_eq!(outer.count(EventKind::MaxAttemptsExceeded), 1);
    assert_eq!(inner.count(EventKind::MaxAttemptsExceeded), 6);
}

// One terminal event.

#[test]
fn every_call_has_one_terminal_event_and_it_is_the_last() {
    let recorder = Recorder::new();
    for results in [
        vec![Ok(7)],
        vec![Err(TRANSIENT), Ok(7)],
        vec![Err(TRANSIENT)],
        vec![Err(UNKNOWN)],
        vec![Err(PERMANENT)],
    ] {
        recorder.clear();
        let script = Script::new(results);
        let call = AT_ONCE.call("fetch").observe(&recorder);
        let outcome = call.execute_blocking(|| script.attempt());
        let kinds = recorder.kinds();
        assert_eq!(kinds.iter().filter(|kind| kind.is_terminal()).count(), 1);
        assert!(kinds.last().is_some_and(|kind| kind.is_terminal()));
        let last = recorder.events().pop().expect("there is one");
        assert_eq!(last.attempt, outcome.attempts());
        assert_eq!(last.stop_reason, outcome.stop_reason());
    }
}

#[test]
fn a_dropped_future_has_no_terminal_event() {
    let clock = ManualClock::new();
    let recorder = Recorder::new();
    let call = EACH_SECOND
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .observe(&recorder);
    {
        let mut future = std::pin::pin!(call.execute(async || Err::<(), _>(TRANSIENT)));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(
        recorder.kinds(),
        [
            EventKind::AttemptStarted,
            EventKind::AttemptEnded,
            EventKind::Retry
        ]
    );
}

#[test]
fn an_operation_that_panics_has_no_terminal_event() {
    let recorder = Recorder::new();
    let call = AT_ONCE.call("fetch").observe(&recorder);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _ = call.execute_blocking(|| -> Result<(), Failure> { panic!("an operation panics") });
    }));
    assert!(panicked.is_err());
    assert_eq!(recorder.kinds(), [EventKind::AttemptStarted]);
}

// The recorder.

#[test]
fn a_recorder_answers_what_tests_ask() {
    const DELAYS: [Duration; 2] = [secs(1), secs(2)];
    const POLICY: Policy = Policy::new().backoff(Backoff::schedule(&DELAYS));
    let recorder = Recorder::new();
    let clock = ManualClock::new();
    let call = POLICY
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .observe(&recorder);
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(recorder.delays(), [secs(1), secs(2)]);
    assert_eq!(recorder.count(EventKind::AttemptStarted), 3);
    recorder.clear();
    assert!(recorder.events().is_empty());
}

#[test]
fn a_stop_before_the_first_attempt_is_told_once_by_each_end() {
    let recorder = Recorder::new();
    let asked = Cell::new(0);
    let call = AT_ONCE
        .call("fetch")
        .abort(&|| true)
        .observe(&recorder)
        .on_stop(|stopped| {
            asked.set(asked.get() + 1);
            Failure::Stopped(stopped)
        });
    let error = call.run_blocking(|| Ok::<(), _>(())).unwrap_err();
    assert!(matches!(error, Failure::Stopped(stopped) if stopped.reason() == StopReason::Aborted));
    assert_eq!(asked.get(), 1);
    assert_eq!(recorder.kinds(), [EventKind::Aborted]);
}
