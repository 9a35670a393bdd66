//! The order of checks, row by row: what is looked at before an attempt (B) and after a failure (F).

mod support;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use retry_core::testing::ManualClock;
use retry_core::{
    Backoff, BackoffContext, Cause, ClassRule, Clock, ErrorClass, Event, Jitter, Outcome, Policy,
    RetryAfter, SleepDecision, StopReason,
};
use support::{
    AT_ONCE, EACH_SECOND, Failure, PERMANENT, RATE_LIMIT, SERVER_ERROR, Script, TRANSIENT, UNKNOWN,
    millis, secs,
};

/// Runs `script` under `policy` on virtual time that `clock` shows.
fn run_on(
    clock: &ManualClock,
    policy: &Policy,
    script: &Script<u8, Failure>,
) -> Outcome<u8, Failure> {
    policy
        .call("test")
        .clock(clock)
        .sleeper(clock)
        .execute_blocking(|| script.attempt())
}

fn run(policy: &Policy, script: &Script<u8, Failure>) -> Outcome<u8, Failure> {
    run_on(&ManualClock::new(), policy, script)
}

fn always(failure: Failure) -> Script<u8, Failure> {
    Script::new([Err(failure)])
}

// Before an attempt.

#[test]
fn b1_a_call_aborted_before_its_first_attempt_never_runs() {
    let script = always(TRANSIENT);
    let aborted = AtomicBool::new(true);
    let outcome = AT_ONCE
        .call("test")
        .abort(&aborted)
        .execute_blocking(|| script.attempt());

    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert_eq!((outcome.attempts(), script.runs()), (0, 0));
    assert_eq!(outcome.last_error(), None);
}

#[test]
fn b1_an_abort_during_the_sleep_returns_the_last_error() {
    let clock = ManualClock::new();
    let aborted = || clock.elapsed() >= millis(300);
    let policy = Policy::new().backoff(Backoff::fixed(secs(3600)));
    let call = policy
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .abort(&aborted);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));

    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    assert_eq!(outcome.attempts(), 1);
    assert!(
        clock.elapsed() <= millis(350),
        "a flag is looked at every 50 ms, at least"
    );
}

#[test]
fn b1_an_abort_seen_during_the_sleep_holds_even_if_the_flag_is_lowered_again() {
    let clock = ManualClock::new();
    let looks = AtomicU32::new(0);
    // Before attempt 1, after it, and once during the sleep; false ever after.
    let aborted = || looks.fetch_add(1, Ordering::Relaxed) == 2;
    let policy = EACH_SECOND;
    let call = policy
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .abort(&aborted);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));

    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert_eq!(outcome.attempts(), 1);
}

#[test]
fn b2_an_attempt_does_not_start_after_the_deadline() {
    // A sleeper that oversleeps.
    struct Oversleeper(ManualClock);
    impl retry_core::Sleep for Oversleeper {
        fn sleep(&self, duration: Duration) -> retry_core::time::Wait<'_> {
            self.0.sleep(duration)
        }
        fn sleep_blocking(&self, duration: Duration) {
            self.0.advance(duration * 20);
        }
    }
    let clock = ManualClock::new();
    let sleeper = Oversleeper(clock.clone());
    let script = always(TRANSIENT);
    let policy = EACH_SECOND.deadline(secs(10));
    let call = policy.call("test").clock(&clock).sleeper(&sleeper);
    let outcome = call.execute_blocking(|| script.attempt());

    assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    assert_eq!(script.runs(), 1);
}

#[test]
fn b2_the_first_attempt_always_starts() {
    let outcome = run(
        &EACH_SECOND.deadline(Duration::from_nanos(1)),
        &Script::new([Ok(7)]),
    );
    assert_eq!(outcome.value(), Some(&7));
}

#[test]
fn b2_an_attempt_does_not_start_at_the_deadline() {
    let clock = ManualClock::new();
    let policy = EACH_SECOND.deadline(secs(10));
    let script = always(TRANSIENT);
    let call = policy
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .on_sleep(|_, _| {
            // Nine seconds here, and one of sleep.
            clock.advance(secs(9));
            SleepDecision::Sleep
        });
    let outcome = call.execute_blocking(|| script.attempt());
    assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
    assert_eq!((script.runs(), clock.elapsed()), (1, secs(10)));
}

#[test]
fn b2_the_first_attempt_starts_even_if_an_observer_took_until_the_deadline() {
    /// Moves on by a second at each look.
    struct Ticking(ManualClock);
    impl Clock for Ticking {
        fn now(&self) -> Instant {
            self.0.advance(secs(1));
            self.0.now()
        }
    }
    let clock = Ticking(ManualClock::new());
    let policy = EACH_SECOND.deadline(Duration::from_nanos(1));
    let call = policy
        .call("test")
        .clock(&clock)
        .observe(&|_: &Event<'_>| ());
    let outcome = call.execute_blocking(|| Ok::<_, Failure>(7));
    assert_eq!(outcome.value(), Some(&7));
}

#[test]
fn b1_comes_before_b2() {
    let clock = ManualClock::new();
    let aborted = AtomicBool::new(false);
    let policy = EACH_SECOND.deadline(secs(10));
    let call = policy
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .abort(&aborted)
        .on_sleep(|_, _| {
            aborted.store(true, Ordering::Relaxed);
            clock.advance(secs(20));
            SleepDecision::Sleep
        });
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
}

// After a success.

#[test]
fn a_success_ends_the_call() {
    let script = Script::new([Err(TRANSIENT), Ok(7)]);
    let outcome = run(&AT_ONCE, &script);
    assert_eq!(outcome.value(), Some(&7));
    assert_eq!((outcome.attempts(), script.runs()), (2, 2));
    assert_eq!(outcome.stop_reason(), None);
    assert_eq!(outcome.last_class(), Some(ErrorClass::Transient));
}

#[test]
fn a_late_success_is_a_success() {
    let clock = ManualClock::new();
    let script = Script::new([Ok(7)]).taking(secs(100), &clock);
    let outcome = run_on(&clock, &EACH_SECOND.deadline(secs(10)), &script);
    assert_eq!(outcome.value(), Some(&7));
}

// After a failure.

#[test]
fn f1_an_abort_is_seen_before_the_class() {
    let aborted = AtomicBool::new(false);
    let call = AT_ONCE.call("test").abort(&aborted);
    let outcome = call.execute_blocking(|| {
        aborted.store(true, Ordering::Relaxed);
        Err::<(), _>(PERMANENT)
    });
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert_eq!(outcome.last_error(), Some(&PERMANENT));
}

#[test]
fn f2_classes_that_are_never_retried_stop_at_once() {
    for class in [
        ErrorClass::Auth,
        ErrorClass::Permission,
        ErrorClass::Permanent,
    ] {
        let script = always(Failure::Of(class));
        let outcome = run(&AT_ONCE, &script);
        assert_eq!(
            outcome.stop_reason(),
            Some(StopReason::NonRetryableClass),
            "{class}"
        );
        assert_eq!(script.runs(), 1, "{class}");
    }
}

#[test]
fn f2_a_class_can_be_told_never_to_retry() {
    let script = always(RATE_LIMIT);
    let outcome = run(
        &AT_ONCE.class(ErrorClass::RateLimit, ClassRule::never()),
        &script,
    );
    assert_eq!(outcome.stop_reason(), Some(StopReason::NonRetryableClass));
    assert_eq!(script.runs(), 1);
}

#[test]
fn f2_retry_if_alone_replaces_classification() {
    let call = AT_ONCE.call("test").retry_if(|error: &u8| *error < 3);
    let mut error = 0;
    let outcome = call.execute_blocking(|| {
        error += 2;
        Err::<(), _>(error)
    });
    assert_eq!(outcome.last_error(), Some(&4));
    assert_eq!(outcome.stop_reason(), Some(StopReason::NonRetryableClass));
    assert_eq!(outcome.last_class(), Some(ErrorClass::Permanent));
}

#[test]
fn f2_retry_if_next_to_classify_stops_whatever_the_class() {
    let call = AT_ONCE
        .call("test")
        .retry_if(|_: &u8| false)
        .classify(|_: &u8| ErrorClass::ServerError);
    let outcome = call.execute_blocking(|| Err::<(), _>(1));
    assert_eq!(outcome.stop_reason(), Some(StopReason::NonRetryableClass));
    assert_eq!(outcome.last_class(), Some(ErrorClass::ServerError));
}

#[test]
fn f2_retry_if_does_not_make_a_permanent_class_retryable() {
    let call = AT_ONCE
        .call("test")
        .classify(|_: &u8| ErrorClass::Permanent)
        .retry_if(|_: &u8| true);
    let outcome = call.execute_blocking(|| Err::<(), _>(1));
    assert_eq!(outcome.attempts(), 1);
    assert_eq!(outcome.stop_reason(), Some(StopReason::NonRetryableClass));
}

#[test]
fn f2_comes_before_f3() {
    // The rule for the class caps it at one; the filter refuses it.
    let policy = AT_ONCE.class(ErrorClass::Transient, ClassRule::new().attempts(1));
    let call = policy
        .call("test")
        .retry_if(|_: &u8| false)
        .classify(|_: &u8| ErrorClass::Transient);
    let outcome = call.execute_blocking(|| Err::<(), _>(1));
    assert_eq!(outcome.stop_reason(), Some(StopReason::NonRetryableClass));
}

#[test]
fn f3_a_cap_counts_the_attempts_that_end_in_its_class() {
    let policy = AT_ONCE
        .attempts(10)
        .class(ErrorClass::RateLimit, ClassRule::new().attempts(2));
    let script = Script::new([
        Err(RATE_LIMIT),
        Err(TRANSIENT),
        Err(TRANSIENT),
        Err(RATE_LIMIT),
        Ok(7),
    ]);
    let outcome = run(&policy, &script);
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsPerClass));
    assert_eq!(script.runs(), 4);
}

#[test]
fn f3_failures_of_other_classes_do_not_count_against_a_cap() {
    let policy = AT_ONCE
        .attempts(10)
        .class(ErrorClass::RateLimit, ClassRule::new().attempts(2));
    let script = Script::new([
        Err(TRANSIENT),
        Err(TRANSIENT),
        Err(RATE_LIMIT),
        Err(TRANSIENT),
        Err(RATE_LIMIT),
        Ok(7),
    ]);
    let outcome = run(&policy, &script);
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsPerClass));
    assert_eq!(script.runs(), 5);
}

#[test]
fn f3_a_cap_of_one_means_never_retried() {
    let policy = AT_ONCE.class(ErrorClass::RateLimit, ClassRule::new().attempts(1));
    let outcome = run(&policy, &always(RATE_LIMIT));
    assert_eq!(outcome.attempts(), 1);
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsPerClass));
}

#[test]
fn f3_an_unknown_failure_gets_a_second_chance_only() {
    let outcome = run(&AT_ONCE.attempts(10), &always(UNKNOWN));
    assert_eq!(outcome.attempts(), 2);
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxUnknownAttempts));
}

#[test]
fn f3_a_backoff_for_unknown_keeps_its_cap() {
    let rule = ClassRule::new().backoff(Backoff::none());
    let outcome = run(
        &AT_ONCE.attempts(10).class(ErrorClass::Unknown, rule),
        &always(UNKNOWN),
    );
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxUnknownAttempts));
}

#[test]
fn f3_comes_before_f4() {
    let policy = AT_ONCE
        .attempts(2)
        .class(ErrorClass::Transient, ClassRule::new().attempts(2));
    assert_eq!(
        run(&policy, &always(TRANSIENT)).stop_reason(),
        Some(StopReason::MaxAttemptsPerClass)
    );
}

#[test]
fn f4_attempts_counts_attempts_not_retries() {
    for attempts in [1, 2, 7] {
        let script = always(TRANSIENT);
        let outcome = run(&AT_ONCE.attempts(attempts), &script);
        assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
        assert_eq!(
            (outcome.attempts(), script.runs()),
            (attempts, attempts as usize)
        );
    }
}

#[test]
fn f4_unlimited_goes_on() {
    let mut results = vec![Err(TRANSIENT); 10_000];
    results.push(Ok(7));
    assert_eq!(
        run(&AT_ONCE.unlimited(), &Script::new(results)).attempts(),
        10_001
    );
}

#[test]
fn f4_comes_before_f5() {
    let outcome = run(&Policy::new().attempts(1).no_backoff(), &always(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
}

#[test]
fn f4_the_last_attempt_never_sleeps() {
    let clock = ManualClock::new();
    let outcome = run_on(&clock, &EACH_SECOND.attempts(3), &always(TRANSIENT));
    assert_eq!(outcome.attempts(), 3);
    assert_eq!(clock.elapsed(), secs(2));
}

#[test]
fn f4_a_hint_does_not_defeat_the_last_attempt() {
    let clock = ManualClock::new();
    let hint = Failure::Hint(ErrorClass::RateLimit, secs(1));
    let outcome = run_on(&clock, &EACH_SECOND.attempts(1), &always(hint));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

#[test]
fn f5_without_backoff_and_hint_there_is_no_strategy() {
    let outcome = run(&Policy::new().no_backoff(), &always(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::NoStrategy));
    assert_eq!(outcome.attempts(), 1);
}

#[test]
fn f5_a_hint_is_a_strategy_if_it_is_honoured() {
    let hint = Failure::Hint(ErrorClass::RateLimit, secs(1));
    let policy = Policy::new().no_backoff();
    assert_eq!(run(&policy, &always(hint.clone())).attempts(), 3);

    let ignoring = policy.retry_after(RetryAfter::Ignore);
    assert_eq!(
        run(&ignoring, &always(hint)).stop_reason(),
        Some(StopReason::NoStrategy)
    );
}

#[test]
fn f5_a_class_with_its_own_backoff_has_a_strategy() {
    let rule = ClassRule::new().backoff(Backoff::none());
    let policy = Policy::new()
        .no_backoff()
        .class(ErrorClass::ServerError, rule);
    assert_eq!(run(&policy, &always(SERVER_ERROR)).attempts(), 3);
    assert_eq!(run(&policy, &always(TRANSIENT)).attempts(), 1);
}

#[test]
fn f6_each_backoff_counts_its_own_failures() {
    let growing = Backoff::linear(secs(1)).jitter(Jitter::None);
    let policy = Policy::new().attempts(6).backoff(growing).class(
        ErrorClass::RateLimit,
        ClassRule::new().backoff(growing.max(secs(100))),
    );
    let script = Script::new([
        Err(TRANSIENT),    // 1 s
        Err(RATE_LIMIT),   // 1 s
        Err(SERVER_ERROR), // 2 s, the same backoff as the first
        Err(RATE_LIMIT),   // 2 s
        Ok(7),
    ]);
    let clock = ManualClock::new();
    let _ = run_on(&clock, &policy, &script);
    assert_eq!(clock.elapsed(), secs(1 + 1 + 2 + 2));
}

#[test]
fn f6_a_hint_takes_the_place_of_the_backoff_and_does_not_advance_it() {
    fn contexts(context: &BackoffContext) -> Duration {
        assert_eq!(context.cause, Cause::Error);
        secs(u64::from(context.failures) * 1000 + u64::from(context.attempt))
    }
    let policy = Policy::new().attempts(4).backoff(Backoff::custom(contexts));
    let script = Script::new([
        Err(Failure::Hint(ErrorClass::RateLimit, Duration::ZERO)),
        Err(TRANSIENT),
        Err(TRANSIENT),
        Ok(7),
    ]);
    let clock = ManualClock::new();
    let _ = run_on(&clock, &policy, &script);
    assert_eq!(clock.elapsed(), secs(1002 + 2003));
}

#[test]
fn f6_a_backoff_knows_its_own_previous_delay_and_no_hint() {
    fn tripled(context: &BackoffContext) -> Duration {
        context.previous.map_or(secs(1), |previous| previous * 3)
    }
    let tripling = Backoff::custom(tripled);
    let policy = Policy::new().attempts(9).backoff(tripling).class(
        ErrorClass::ServerError,
        ClassRule::new().backoff(Backoff::custom(tripled)),
    );
    let script = Script::new([
        Err(TRANSIENT),                                            // 1 s
        Err(Failure::Hint(ErrorClass::RateLimit, Duration::ZERO)), // 0 s
        Err(SERVER_ERROR),                                         // 1 s, a backoff of its own
        Err(RATE_LIMIT),                                           // 3 s
        Err(SERVER_ERROR),                                         // 3 s
        Err(TRANSIENT),                                            // 9 s
        Ok(7),
    ]);
    let clock = ManualClock::new();
    let _ = run_on(&clock, &policy, &script);
    assert_eq!(clock.elapsed(), secs(1 + 1 + 3 + 3 + 9));
}

#[test]
fn f6_a_hint_is_followed_with_up_to_a_tenth_more() {
    for (hint, most) in [(millis(1000), millis(1100)), (secs(60), millis(60_250))] {
        let delays: Vec<Duration> = (0..200)
            .map(|seed| {
                let clock = ManualClock::new();
                let script = Script::new([Err(Failure::Hint(ErrorClass::RateLimit, hint)), Ok(7)]);
                let policy = EACH_SECOND;
                let call = policy.call("test").clock(&clock).sleeper(&clock).seed(seed);
                call.execute_blocking(|| script.attempt()).elapsed()
            })
            .collect();
        let least = delays.iter().min().copied().unwrap_or_default();
        let greatest = delays.iter().max().copied().unwrap_or_default();
        let tenth = most.saturating_sub(hint) / 10;
        assert!(hint <= least && least < hint + tenth, "{least:?}");
        assert!(most < greatest + tenth && greatest <= most, "{greatest:?}");
    }
}

#[test]
fn f6_a_hint_is_capped() {
    let clock = ManualClock::new();
    let script = Script::new([
        Err(Failure::Hint(ErrorClass::RateLimit, Duration::MAX)),
        Ok(7),
    ]);
    let _ = run_on(&clock, &EACH_SECOND.retry_after_max(secs(5)), &script);
    assert_eq!(clock.elapsed(), secs(5));
}

#[test]
fn f6_an_ignored_hint_leaves_the_backoff() {
    let clock = ManualClock::new();
    let script = Script::new([Err(Failure::Hint(ErrorClass::RateLimit, secs(50))), Ok(7)]);
    let _ = run_on(
        &clock,
        &EACH_SECOND.retry_after(RetryAfter::Ignore),
        &script,
    );
    assert_eq!(clock.elapsed(), secs(1));
}

#[test]
fn f7_a_delay_that_reaches_the_deadline_is_never_slept() {
    let clock = ManualClock::new();
    let outcome = run_on(
        &clock,
        &EACH_SECOND.attempts(9).deadline(secs(3)),
        &always(TRANSIENT),
    );
    assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    assert_eq!(outcome.attempts(), 3);
    assert_eq!(
        clock.elapsed(),
        secs(2),
        "the third sleep would have ended at the deadline"
    );
}

#[test]
fn f7_a_hint_beyond_the_deadline_stops_the_call() {
    let clock = ManualClock::new();
    let hint = Failure::Hint(ErrorClass::RateLimit, secs(11));
    let outcome = run_on(&clock, &EACH_SECOND.deadline(secs(10)), &always(hint));
    assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

#[test]
fn f7_a_zero_delay_after_the_deadline_stops_too() {
    let clock = ManualClock::new();
    let script = always(TRANSIENT).taking(secs(10), &clock);
    let outcome = run_on(&clock, &AT_ONCE.deadline(secs(10)), &script);
    assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
    assert_eq!(outcome.attempts(), 1);
}

#[test]
fn f7_comes_before_f10() {
    let clock = ManualClock::new();
    let policy = EACH_SECOND.deadline(millis(500));
    let call = policy
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .on_sleep(|_, _| SleepDecision::Defer);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::DeadlineExceeded));
}

#[test]
fn f10_defer_ends_the_call_and_hands_over_the_delay() {
    let clock = ManualClock::new();
    let policy = EACH_SECOND;
    let call = policy
        .call("test")
        .clock(&clock)
        .sleeper(&clock)
        .on_sleep(|_, _| SleepDecision::Defer);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::Scheduled));
    assert_eq!(outcome.next_delay(), Some(secs(1)));
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

#[test]
fn f10_abort_ends_the_call() {
    let call = AT_ONCE.call("test").on_sleep(|_, _| SleepDecision::Abort);
    let outcome = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert_eq!(outcome.next_delay(), None);
}

#[test]
fn f10_is_asked_for_zero_delays_too_and_knows_the_failure() {
    let policy = AT_ONCE.deadline(secs(10));
    let call = policy.call("test").on_sleep(|context, delay| {
        assert_eq!(delay, Duration::ZERO);
        assert_eq!(context.class, ErrorClass::RateLimit);
        assert_eq!(context.failures, context.attempt);
        assert!(
            context
                .remaining
                .is_some_and(|remaining| remaining <= secs(10))
        );
        if context.attempt == 2 {
            SleepDecision::Defer
        } else {
            SleepDecision::Sleep
        }
    });
    let outcome = call.execute_blocking(|| Err::<(), _>(RATE_LIMIT));
    assert_eq!(outcome.attempts(), 2);
    assert_eq!(outcome.next_delay(), Some(Duration::ZERO));
}

#[test]
fn f11_the_next_attempt_starts_after_the_delay() {
    let clock = ManualClock::new();
    let starts = std::cell::RefCell::new(Vec::new());
    let policy = EACH_SECOND.attempts(3);
    let call = policy.call("test").clock(&clock).sleeper(&clock);
    let _ = call.execute_blocking(|| {
        starts.borrow_mut().push(clock.elapsed());
        Err::<(), _>(TRANSIENT)
    });
    assert_eq!(*starts.borrow(), [secs(0), secs(1), secs(2)]);
}
