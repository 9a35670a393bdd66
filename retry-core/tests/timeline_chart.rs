//! A timeline as people see it: the chart that `Display` draws.

#![expect(
    clippy::needless_raw_string_hashes,
    reason = "expect-test writes them when it is told to update"
)]

mod support;

use std::sync::Mutex;
use std::time::Duration;

use expect_test::expect;
use retry_core::testing::ManualClock;
use retry_core::{
    Backoff, Budget, Bulkhead, CircuitBreaker, CircuitSettings, ErrorClass, Event, EventKind,
    Policy, SleepDecision, Timeline,
};
use support::{
    AT_ONCE, EACH_SECOND, Failure, Leaving, RATE_LIMIT, SERVER_ERROR, Script, TRANSIENT, millis,
    secs,
};

/// An error that says what a test wants.
#[derive(Clone, Debug)]
struct Says(String);

/// What a call under `policy` records whose attempts end so, each after this time.
fn of_attempts(policy: &Policy, attempts: &[(Duration, Result<(), &str>)]) -> Timeline {
    let clock = ManualClock::new();
    let mut attempts = attempts.iter();
    let call = policy
        .call("fetch_user")
        .clock(&clock)
        .sleeper(&clock)
        .seed(7)
        .classify(|_: &Says| ErrorClass::Transient)
        .describe(|error: &Says, formatter| formatter.write_str(&error.0))
        .timeline(16);
    let outcome = call.execute_blocking(|| {
        let (takes, result) = attempts.next().expect("an attempt that is planned");
        clock.advance(*takes);
        result.map_err(|text| Says(text.to_owned()))
    });
    outcome.timeline().clone()
}

// Attempts and sleeps.

#[test]
fn a_success_at_once() {
    let timeline = of_attempts(&Policy::new(), &[(millis(120), Ok(()))]);
    expect![[r#"
        fetch_user succeeded after 1 attempt in 120ms
         1  ████████████████████████████████████████  120ms  success
            0s                                 120ms
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn a_success_in_no_time() {
    let timeline = of_attempts(&Policy::new(), &[(Duration::ZERO, Ok(()))]);
    expect![[r#"
        fetch_user succeeded after 1 attempt in 0s
         1  █                                         0s  success
            0s
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn retries_then_success() {
    let attempts = [
        (millis(200), Err("connection reset by peer")),
        (millis(120), Err("503 Service Unavailable")),
        (millis(310), Ok(())),
    ];
    let timeline = of_attempts(&Policy::new(), &attempts);
    expect![[r#"
        fetch_user succeeded after 3 attempts in 751.835ms
         1  ██████████░░░░                            200ms  transient: connection reset by peer
         2                ███████░░                   120ms  transient: 503 Service Unavailable
         3                         █████████████████  310ms  success
            0s                             751.835ms  █ attempt  ░ sleep
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn attempts_without_end_at_once() {
    let failed = (millis(40), Err("connection refused"));
    let policy = AT_ONCE.attempts(5);
    let timeline = of_attempts(&policy, &[failed; 5]);
    expect![[r#"
        fetch_user stopped after 5 attempts in 200ms: max_attempts_global
         1  ████████                                  40ms  transient: connection refused
         2          ████████                          40ms  transient: connection refused
         3                  ████████                  40ms  transient: connection refused
         4                          ████████          40ms  transient: connection refused
         5                                  ████████  40ms  transient: connection refused
            0s                                 200ms
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn attempts_that_take_no_time_are_seen() {
    let failed = (Duration::from_micros(1500), Err("connection refused"));
    let policy = Policy::new()
        .attempts(6)
        .backoff(Backoff::exponential(secs(60)).max(secs(3600)));
    let timeline = of_attempts(&policy, &[failed; 6]);
    expect![[r#"
        fetch_user stopped after 6 attempts in 9m 48s: max_attempts_global
         1  █░░                                       1.5ms  transient: connection refused
         2     █                                      1.5ms  transient: connection refused
         3      █░░░░░░░░░░░                          1.5ms  transient: connection refused
         4                  █░░░░░░░░░░░░░░░          1.5ms  transient: connection refused
         5                                  █░░░░░░   1.5ms  transient: connection refused
         6                                         █  1.5ms  transient: connection refused
            0s                                9m 48s  █ attempt  ░ sleep
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn a_call_that_fails_in_no_time() {
    let failed = (Duration::ZERO, Err("connection refused"));
    let timeline = of_attempts(&AT_ONCE, &[failed; 3]);
    expect![[r#"
        fetch_user stopped after 3 attempts in 0s: max_attempts_global
         1  █                                         0s  transient: connection refused
         2  █                                         0s  transient: connection refused
         3  █                                         0s  transient: connection refused
            0s
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn a_call_as_long_as_a_call_can_be() {
    let failed = (Duration::MAX, Err("connection refused"));
    let timeline = of_attempts(&AT_ONCE, &[failed; 3]);
    expect![[r#"
        fetch_user stopped after 3 attempts in 182500d: max_attempts_global
         1  ████████████████████████████████████████  182500d  transient: connection refused
         2                                         █       0s  transient: connection refused
         3                                         █       0s  transient: connection refused
            0s                               182500d
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn what_an_observer_takes_is_no_sleep() {
    let clock = ManualClock::new();
    let slow = |event: &Event<'_>| {
        if event.kind == EventKind::Retry {
            clock.advance(secs(2));
        }
    };
    let script = Script::new([Err(TRANSIENT), Ok(())]).taking(millis(500), &clock);
    let call = EACH_SECOND.call("fetch_user").clock(&clock).sleeper(&clock);
    let call = call.observe(&slow).timeline(16);
    let outcome = call.execute_blocking(|| script.attempt());
    expect![[r#"
        fetch_user succeeded after 2 attempts in 4s
         1  █████░░░░░░░░░░                           500ms  transient
         2                                     █████  500ms  success
            0s                                    4s  █ attempt  ░ sleep
    "#]]
    .assert_eq(&outcome.timeline().to_string());
}

#[test]
fn an_abort_during_the_sleep() {
    let clock = ManualClock::new();
    let aborted = || clock.elapsed() >= millis(700);
    let script = Script::new([Err::<(), _>(TRANSIENT)]).taking(millis(100), &clock);
    let call = EACH_SECOND.call("fetch_user").clock(&clock).sleeper(&clock);
    let call = call.abort(&aborted).timeline(16);
    let outcome = call.execute_blocking(|| script.attempt());
    expect![[r#"
        fetch_user stopped after 1 attempt in 700ms: aborted
         1  █████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░   100ms  transient
                                                   ◆  @700ms  aborted
            0s                                 700ms  █ attempt  ░ sleep  ◆ event
    "#]]
    .assert_eq(&outcome.timeline().to_string());
}

#[test]
fn an_abort_before_the_first_attempt() {
    let clock = ManualClock::new();
    let call = AT_ONCE.call("fetch_user").clock(&clock).abort(&|| true);
    let outcome = call.timeline(16).execute_blocking(|| Ok::<_, Failure>(()));
    expect![[r#"
        fetch_user stopped after 0 attempts in 0s: aborted
            ◆                                         @0s  aborted
            0s
    "#]]
    .assert_eq(&outcome.timeline().to_string());
}

#[cfg(feature = "tokio")]
#[test]
fn timeouts_and_values() {
    let timeline = support::on_tokio(async {
        let policy = EACH_SECOND.attempt_timeout(secs(2)).attempts(2);
        let call = policy.call("poll_job").retry_until(|done: &bool| *done);
        let call = call.timeline(16);
        let mut first = true;
        let outcome = call.execute(|| {
            let answers = std::mem::take(&mut first);
            async move {
                if !answers {
                    std::future::pending::<()>().await;
                }
                Ok::<_, Failure>(false)
            }
        });
        outcome.await.timeline().clone()
    });
    expect![[r#"
        poll_job stopped after 2 attempts in 3s: max_attempts_global
         1  █░░░░░░░░░░░░                             0s  transient value
         2               ███████████████████████████  2s  transient timeout
            0s                                    3s  █ attempt  ░ sleep
    "#]]
    .assert_eq(&timeline.to_string());
}

// Circuits.

/// Open for half a minute.
fn open_circuit(clock: &ManualClock) -> CircuitBreaker {
    let _installed = clock.install();
    let circuit = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(secs(30));
    let permit = circuit.try_acquire().expect("a closed circuit");
    permit.fail(ErrorClass::Transient);
    circuit
}

/// What a call with this circuit records whose attempts end so.
fn with_circuit(
    policy: &Policy,
    clock: &ManualClock,
    circuit: &CircuitBreaker,
    results: &[Result<(), Failure>],
) -> Timeline {
    let script = Script::new(results).taking(millis(100), clock);
    let call = policy.call("pay").clock(clock).sleeper(clock);
    let call = call.breaker(circuit).timeline(16);
    let outcome = call.execute_blocking(|| script.attempt());
    outcome.timeline().clone()
}

#[test]
fn a_circuit_that_opens_ends_the_call() {
    let clock = ManualClock::new();
    let circuit = CircuitBreaker::new("payments")
        .consecutive(2)
        .open_for(secs(30));
    let results = [Err(SERVER_ERROR), Err(SERVER_ERROR)];
    let timeline = with_circuit(&EACH_SECOND, &clock, &circuit, &results);
    expect![[r#"
        pay stopped after 2 attempts in 1.2s: circuit_open
         1  ███░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░      100ms  server_error
         2                                      ████  100ms  server_error
                                                   ◆  @1.2s  circuit_opened: payments
                                                   ◆  @1.2s  circuit_rejected, probe in 30s: payments
            0s                                  1.2s  █ attempt  ░ sleep  ◆ event
    "#]].assert_eq(&timeline.to_string());
}

#[test]
fn a_circuit_that_opens_during_the_sleep_ends_the_call() {
    let clock = ManualClock::new();
    let circuit = CircuitBreaker::new("payments");
    let script = Script::new([Err::<(), _>(SERVER_ERROR)]).taking(millis(100), &clock);
    let call = EACH_SECOND.call("pay").clock(&clock).sleeper(&clock);
    let call = call.breaker(&circuit).timeline(16).on_sleep(|_, _| {
        circuit.force_open();
        SleepDecision::Sleep
    });
    let outcome = call.execute_blocking(|| script.attempt());
    expect![[r#"
        pay stopped after 1 attempt in 1.1s: circuit_open
         1  ███░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  100ms  server_error
                                                   ◆  @1.1s  circuit_rejected: payments
            0s                                  1.1s  █ attempt  ░ sleep  ◆ event
    "#]]
    .assert_eq(&outcome.timeline().to_string());
}

#[test]
fn an_open_circuit_rejects_the_call_at_once() {
    let clock = ManualClock::new();
    let circuit = open_circuit(&clock);
    clock.advance(secs(10));
    let timeline = with_circuit(&EACH_SECOND, &clock, &circuit, &[Ok(())]);
    expect![[r#"
        pay stopped after 0 attempts in 0s: circuit_open
            ◆                                         @0s  circuit_rejected, probe in 20s: payments
            0s
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn a_probe_that_succeeds_closes_the_circuit() {
    let clock = ManualClock::new();
    let circuit = open_circuit(&clock);
    clock.advance(secs(30));
    let timeline = with_circuit(&EACH_SECOND, &clock, &circuit, &[Ok(())]);
    expect![[r#"
        pay succeeded after 1 attempt in 100ms
            ◆                                            @0s  circuit_half_open: payments
         1  ████████████████████████████████████████   100ms  success
                                                   ◆  @100ms  circuit_closed: payments
            0s                                 100ms  █ attempt  ◆ event
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn a_probe_that_fails_opens_the_circuit_again() {
    let clock = ManualClock::new();
    let circuit = open_circuit(&clock);
    clock.advance(secs(30));
    let timeline = with_circuit(&EACH_SECOND, &clock, &circuit, &[Err(SERVER_ERROR)]);
    expect![[r#"
        pay stopped after 1 attempt in 100ms: circuit_open
            ◆                                            @0s  circuit_half_open: payments
         1  ████████████████████████████████████████   100ms  server_error
                                                   ◆  @100ms  circuit_opened: payments
                                                   ◆  @100ms  circuit_rejected, probe in 30s: payments
            0s                                 100ms  █ attempt  ◆ event
    "#]].assert_eq(&timeline.to_string());
}

/// What a call keeps whose circuit opens after each server error, but is due for a probe by the time that it looks.
fn flapping(results: &[Result<(), Failure>], limit: usize) -> Timeline {
    let clock = ManualClock::new();
    let circuit = CircuitBreaker::new("payments")
        .consecutive(1)
        .trip_on(&[ErrorClass::ServerError])
        .open_for(millis(1));
    let look_away = |event: &Event<'_>| {
        if event.kind == EventKind::CircuitOpened {
            clock.advance(millis(1));
        }
    };
    let script = Script::new(results).taking(millis(100), &clock);
    let policy = EACH_SECOND.unlimited();
    let call = policy.call("pay").clock(&clock).sleeper(&clock);
    let call = call.breaker(&circuit).observe(&look_away).timeline(limit);
    let outcome = call.execute_blocking(|| script.attempt());
    outcome.timeline().clone()
}

#[test]
fn a_circuit_that_flaps() {
    let results = [Err(SERVER_ERROR), Err(SERVER_ERROR), Err(TRANSIENT), Ok(())];
    let timeline = flapping(&results, 16);
    expect![[r#"
        pay succeeded after 4 attempts in 3.402s
         1  █░░░░░░░░░░░                                100ms  server_error
             ◆                                         @100ms  circuit_opened: payments
                        ◆                             @1.101s  circuit_half_open: payments
         2              ██░░░░░░░░░░░                   100ms  server_error
                          ◆                           @1.201s  circuit_opened: payments
                                     ◆                @2.202s  circuit_half_open: payments
         3                           ██░░░░░░░░░░░      100ms  transient
         4                                        ██    100ms  success
                                                   ◆  @3.402s  circuit_closed: payments
            0s                                3.402s  █ attempt  ░ sleep  ◆ event
    "#]]
    .assert_eq(&timeline.to_string());
}

// Bulkheads.

/// What a call with this bulkhead, which is full until then, records whose attempts end so.
fn with_bulkhead(
    policy: &Policy,
    bulkhead: &Bulkhead,
    full_until: Duration,
    results: &[Result<(), Failure>],
) -> Timeline {
    let sleeper = Leaving::from(bulkhead, full_until);
    let clock = &sleeper.clock;
    let script = Script::new(results).taking(millis(400), clock);
    let call = policy.call("query").clock(clock).sleeper(&sleeper);
    let call = call.bulkhead(bulkhead).timeline(16);
    let outcome = call.execute_blocking(|| script.attempt());
    outcome.timeline().clone()
}

#[test]
fn a_wait_for_the_bulkhead() {
    let pool = Bulkhead::new("pool", 1)
        .wait(secs(3))
        .contention_after(secs(10));
    let timeline = with_bulkhead(&EACH_SECOND, &pool, millis(600), &[Err(TRANSIENT), Ok(())]);
    expect![[r#"
        query succeeded after 2 attempts in 2.4s
         1  ▒▒▒▒▒▒▒▒▒▒██████░░░░░░░░░░░░░░░░░         400ms  transient
         2                                   ███████  400ms  success
            0s                                  2.4s  █ attempt  ░ sleep  ▒ queue
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn a_long_wait_for_the_bulkhead() {
    let pool = Bulkhead::new("pool", 1)
        .wait(secs(3))
        .contention_after(secs(1));
    let timeline = with_bulkhead(&EACH_SECOND, &pool, secs(2), &[Ok(())]);
    expect![[r#"
        query succeeded after 1 attempt in 2.4s
                                             ◆          @2s  contention_detected after 2s: pool
         1  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒███████  400ms  success
            0s                                  2.4s  █ attempt  ▒ queue  ◆ event
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn a_wait_for_the_bulkhead_in_vain() {
    let pool = Bulkhead::new("pool", 1)
        .wait(secs(3))
        .contention_after(secs(1));
    let timeline = with_bulkhead(&EACH_SECOND, &pool, secs(20), &[Ok(())]);
    expect![[r#"
        query stopped after 0 attempts in 3s: bulkhead_full
                                                   ◆  @3s  contention_detected after 3s: pool
            ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒◆  @3s  bulkhead_rejected after 3s: pool
            0s                                    3s  ▒ queue  ◆ event
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn a_full_bulkhead_rejects_the_call_at_once() {
    let pool = Bulkhead::new("pool", 1);
    let timeline = with_bulkhead(&EACH_SECOND, &pool, secs(20), &[Ok(())]);
    expect![[r#"
        query stopped after 0 attempts in 0s: bulkhead_full
            ◆                                         @0s  bulkhead_rejected: pool
            0s
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn a_deadline_during_the_wait_for_the_bulkhead() {
    let pool = Bulkhead::new("pool", 1)
        .wait(secs(3))
        .contention_after(secs(10));
    let clock = ManualClock::new();
    let visitor = Mutex::new(None);
    let policy = EACH_SECOND.deadline(secs(3));
    let call = policy.call("query").clock(&clock).sleeper(&clock);
    let call = call.bulkhead(&pool).timeline(16).on_sleep(|_, _| {
        *visitor.lock().expect("no panic while locked") = pool.try_acquire().ok();
        SleepDecision::Sleep
    });
    let outcome = call.execute_blocking(|| {
        clock.advance(millis(500));
        Err::<(), _>(TRANSIENT)
    });
    expect![[r#"
        query stopped after 1 attempt in 3s: deadline_exceeded
         1  ██████░░░░░░░░░░░░░░                      500ms  transient
                                ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒◆    @3s  deadline_exceeded
            0s                                    3s  █ attempt  ░ sleep  ▒ queue  ◆ event
    "#]]
    .assert_eq(&outcome.timeline().to_string());
}

// The budget.

#[test]
fn a_budget_that_refuses_a_retry() {
    let clock = ManualClock::new();
    let budget = Budget::new("retries").per_window(1, secs(60));
    let script = Script::new([Err::<(), _>(RATE_LIMIT)]).taking(millis(100), &clock);
    let call = EACH_SECOND.call("pay").clock(&clock).sleeper(&clock);
    let call = call.budget(&budget).timeline(16);
    let outcome = call.execute_blocking(|| script.attempt());
    expect![[r#"
        pay stopped after 2 attempts in 1.2s: budget_exhausted
         1  ███░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░      100ms  rate_limit
         2                                      ████  100ms  rate_limit
                                                   ◆  @1.2s  budget_exhausted: retries
            0s                                  1.2s  █ attempt  ░ sleep  ◆ event
    "#]]
    .assert_eq(&outcome.timeline().to_string());
}

// What did not fit.

#[test]
fn earlier_attempts_that_did_not_fit() {
    let mut results = vec![Err(TRANSIENT); 9];
    results[1] = Err(SERVER_ERROR);
    results.push(Ok(()));
    let timeline = flapping(&results, 4);
    expect![[r#"
        pay succeeded after 10 attempts in 10.001s
            … 6 earlier attempts
                                                         @1.2s  circuit_opened: payments
                                                       @2.201s  circuit_half_open: payments
         7  █░░░░░░░░░░░                                 100ms  transient
         8              ██░░░░░░░░░░░                    100ms  transient
         9                           ██░░░░░░░░░░░       100ms  transient
        10                                        ██     100ms  success
                                                   ◆  @10.001s  circuit_closed: payments
            6.601s                           10.001s  █ attempt  ░ sleep  ◆ event
    "#]]
    .assert_eq(&timeline.to_string());
    let timeline = flapping(&results, 1);
    expect![[r#"
        pay succeeded after 10 attempts in 10.001s
            … 9 earlier attempts, 2 earlier events
        10  ████████████████████████████████████████     100ms  success
                                                   ◆  @10.001s  circuit_closed: payments
            9.901s                           10.001s  █ attempt  ◆ event
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn earlier_events_that_did_not_fit() {
    let mut results = vec![Err(SERVER_ERROR); 1000];
    results.push(Ok(()));
    let timeline = flapping(&results, 3);
    assert_eq!((timeline.len(), timeline.omitted()), (3, 998));
    assert_eq!(timeline.events().len(), 3);
    assert_eq!(timeline.omitted_events(), 2 * 1000 + 1 - 3);
    expect![[r#"
        pay succeeded after 1001 attempts in 18m 21s
              … 998 earlier attempts, 1998 earlier events
         999  █░░░░░░░░░░░░░░░░░░                          100ms  server_error
        1000                     █░░░░░░░░░░░░░░░░░░       100ms  server_error
                                  ◆                     @18m 19s  circuit_opened: payments
                                                    ◆   @18m 21s  circuit_half_open: payments
        1001                                        ██     100ms  success
                                                     ◆  @18m 21s  circuit_closed: payments
              18m 18s                          18m 21s  █ attempt  ░ sleep  ◆ event
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn a_limit_of_zero() {
    let timeline = flapping(&[Err(SERVER_ERROR), Ok(())], 0);
    expect![[r#"
        pay succeeded after 2 attempts in 1.201s
            … 2 earlier attempts, 3 earlier events
    "#]]
    .assert_eq(&timeline.to_string());
}

#[test]
fn many_attempts() {
    let policy = AT_ONCE.attempts(1234);
    let clock = ManualClock::new();
    let script = Script::new([Err::<(), _>(TRANSIENT)]).taking(millis(100), &clock);
    let call = policy.call("fetch_user").clock(&clock).sleeper(&clock);
    let outcome = call
        .timeline(usize::MAX)
        .execute_blocking(|| script.attempt());
    let chart = outcome.timeline().to_string();
    assert_eq!(chart.lines().count(), 1 + 1234 + 1);
    let some: String = chart.split_inclusive('\n').step_by(200).collect();
    expect![[r#"
        fetch_user stopped after 1234 attempts in 2m 3s: max_attempts_global
         200        █                                   100ms  transient
         400              █                             100ms  transient
         600                     █                      100ms  transient
         800                           █                100ms  transient
        1000                                  █         100ms  transient
        1200                                        █   100ms  transient
    "#]]
    .assert_eq(&some);
}

#[test]
fn a_timeline_that_was_not_asked_for() {
    let outcome = AT_ONCE
        .call("test")
        .execute_blocking(|| Ok::<_, Failure>(()));
    expect![[r#"
        no timeline was recorded
    "#]]
    .assert_eq(&outcome.timeline().to_string());
}

// Texts.

#[test]
fn texts_stay_on_their_line() {
    let long = "the host that you are looking for has been moved to another planet; ask there";
    let attempts = [
        (millis(100), Err(long)),
        (
            millis(100),
            Err("接続が相手側によってリセットされました。もう一度お試しください"),
        ),
        (
            millis(100),
            Err("no\r\nnew line, no \x1b[31mcolour\x1b[0m, no \u{202e}turn\tand no bell\x07"),
        ),
        (millis(100), Err("")),
        (
            millis(100),
            Err("ünïcödé is fine: 🦀, “quotes” and \\ as they are"),
        ),
    ];
    let policy = AT_ONCE.attempts(5);
    let timeline = of_attempts(&policy, &attempts);
    expect![[r#"
        fetch_user stopped after 5 attempts in 500ms: max_attempts_global
         1  ████████                                  100ms  transient: the host that you are looking for h…
         2          ████████                          100ms  transient: 接続が相手側によってリセットされま…
         3                  ████████                  100ms  transient: no\r\nnew line, no \u{1b}[31mcolour…
         4                          ████████          100ms  transient:
         5                                  ████████  100ms  transient: ünïcödé is fine: 🦀, “quotes” and \…
            0s                                 500ms
    "#]].assert_eq(&timeline.to_string());
    expect![[r#"
        fetch_user stopped after 5 attempts in 500ms: max_attempts_global
         1  ########                                  100ms  transient: the host that you are looking for...
         2          ########                          100ms  transient: \u{63a5}\u{7d9a}\u{304c}\u{76f8}...
         3                  ########                  100ms  transient: no\r\nnew line, no \u{1b}[31mcolo...
         4                          ########          100ms  transient:
         5                                  ########  100ms  transient: \u{fc}n\u{ef}c\u{f6}d\u{e9} is fi...
            0s                                 500ms
    "#]].assert_eq(&format!("{timeline:#}"));
}

#[test]
fn long_names_do_not_push_out_what_happened() {
    let name = "the_name_of_an_operation_that_somebody_has_put_together_from_a_module_path_and_a_signature";
    let clock = ManualClock::new();
    let circuit = CircuitBreaker::from_settings(name.to_owned(), CircuitSettings::DEFAULT);
    let circuit = circuit.expect("valid settings");
    circuit.force_open();
    let call = AT_ONCE.call(name).clock(&clock).breaker(&circuit);
    let outcome = call.timeline(16).execute_blocking(|| Ok::<_, Failure>(()));
    expect![[r#"
        the_name_of_an_operation_that_somebody_has_put_togethe… stopped after 0 attempts in 0s: circuit_open
            ◆                                         @0s  circuit_rejected: the_name_of_an_operation_that_…
            0s
    "#]].assert_eq(&outcome.timeline().to_string());
}

// ASCII.

#[test]
fn every_mark_has_one_in_ascii() {
    let pool = Bulkhead::new("pool", 1)
        .wait(secs(3))
        .contention_after(millis(1));
    let results = [Err(TRANSIENT), Ok(())];
    let timeline = with_bulkhead(&EACH_SECOND, &pool, secs(1), &results);
    let chart = format!("{timeline:#}");
    assert!(chart.is_ascii());
    expect![[r#"
        query succeeded after 2 attempts in 2.8s
                          *                             @1s  contention_detected after 1s: pool
         1  ==============######..............        400ms  transient
         2                                    ######  400ms  success
            0s                                  2.8s  # attempt  . sleep  = queue  * event
    "#]]
    .assert_eq(&chart);
}

// One record alone.

#[test]
fn a_record_is_a_line_of_text() {
    let pool = Bulkhead::new("pool", 1)
        .wait(secs(3))
        .contention_after(millis(1));
    let waited = with_bulkhead(&EACH_SECOND, &pool, secs(1), &[Err(TRANSIENT), Ok(())]);
    let attempts = [(millis(100), Err("two\nlines"))];
    let hostile = of_attempts(&AT_ONCE.attempts(1), &attempts);
    let clock = ManualClock::new();
    let circuit = open_circuit(&clock);
    let rejected = with_circuit(&AT_ONCE, &clock, &circuit, &[Ok(())]);
    let mut lines = String::new();
    for timeline in [waited, hostile, rejected] {
        let records = timeline.events().map(ToString::to_string);
        for record in records.chain(timeline.iter().map(ToString::to_string)) {
            lines += &record;
            lines.push('\n');
        }
    }
    expect![[r#"
        contention_detected `pool` at 1s, after waiting 1s
        attempt 1 at 1s took 400ms: transient error, after waiting 1s, then slept 1s
        attempt 2 at 2.4s took 400ms: success
        attempt 1 at 0ns took 100ms: transient error "two\nlines"
        circuit_rejected `payments` at 0ns, a probe in 30s
    "#]]
    .assert_eq(&lines);
}
