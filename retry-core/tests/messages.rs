//! What an event says to people: `Event::message`.

mod support;

use std::future::pending;
use std::sync::Mutex;

use retry_core::testing::ManualClock;
use retry_core::{Budget, Bulkhead, CircuitBreaker, Event, Observer, Policy, SleepDecision};
use support::{
    AT_ONCE, EACH_SECOND, Failure, PERMANENT, RATE_LIMIT, Script, TRANSIENT, millis, poll_to_end,
    secs,
};

/// Keeps what events say.
#[derive(Default)]
struct Messages(Mutex<Vec<String>>);

impl Observer for Messages {
    fn on_event(&self, event: &Event<'_>) {
        let message = event.message().to_string();
        self.0.lock().expect("no panic").push(message);
    }
}

impl Messages {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no panic"))
    }

    /// The last one, which is the terminal event's.
    fn last(&self) -> String {
        self.take().pop().expect("there are messages")
    }
}

/// What a call under `policy` says whose attempts go as `results` says, each of which takes 100 ms.
fn said(policy: &Policy, results: &[Result<u8, Failure>]) -> Vec<String> {
    let (clock, messages) = (ManualClock::new(), Messages::default());
    let script = Script::new(results).taking(millis(100), &clock);
    let call = policy
        .call("fetch")
        .clock(&clock)
        .sleeper(&clock)
        .describe(|error, formatter| write!(formatter, "{error:?}"))
        .observe(&messages);
    let _ = call.execute_blocking(|| script.attempt());
    messages.take()
}

#[test]
fn a_success_at_the_first_attempt() {
    assert_eq!(
        said(&EACH_SECOND, &[Ok(7)]),
        [
            "fetch: attempt 1 starts",
            "fetch: attempt 1 succeeded in 100ms",
            "fetch: succeeded in 100ms",
        ]
    );
}

#[test]
fn a_success_after_retries() {
    assert_eq!(
        said(&EACH_SECOND, &[Err(TRANSIENT), Err(RATE_LIMIT), Ok(7)]),
        [
            "fetch: attempt 1 starts",
            "fetch: attempt 1 failed in 100ms (transient: Of(Transient))",
            "fetch: attempt 1 failed (transient: Of(Transient)); attempt 2 in 1s",
            "fetch: attempt 2 starts",
            "fetch: attempt 2 failed in 100ms (rate_limit: Of(RateLimit))",
            "fetch: attempt 2 failed (rate_limit: Of(RateLimit)); attempt 3 in 1s",
            "fetch: attempt 3 starts",
            "fetch: attempt 3 succeeded in 100ms",
            "fetch: succeeded at attempt 3, after 2.3s",
        ]
    );
}

#[test]
fn a_call_that_gives_up_says_after_how_much_and_why() {
    let hour = AT_ONCE.attempts(36_001);
    let table = [
        (
            EACH_SECOND,
            TRANSIENT,
            "fetch: gave up after 3 attempts in 2.3s (max_attempts_global): Of(Transient)",
        ),
        (
            EACH_SECOND,
            PERMANENT,
            "fetch: gave up after 1 attempt in 100ms (non_retryable_class): Of(Permanent)",
        ),
        (
            hour,
            TRANSIENT,
            "fetch: gave up after 36001 attempts in 1h (max_attempts_global): Of(Transient)",
        ),
    ];
    for (policy, failure, last) in table {
        assert_eq!(said(&policy, &[Err(failure)]).pop().as_deref(), Some(last));
    }
}

#[test]
fn a_delay_of_zero_is_at_once() {
    assert_eq!(
        said(&AT_ONCE, &[Err(TRANSIENT)])[2],
        "fetch: attempt 1 failed (transient: Of(Transient)); attempt 2 at once"
    );
}

#[test]
fn without_the_error_s_text_its_type_has_to_do() {
    let (clock, messages) = (ManualClock::new(), Messages::default());
    let call = AT_ONCE.call("fetch").clock(&clock).observe(&messages);
    let _ = call.execute_blocking(|| Err::<(), _>(std::io::Error::other("not described")));
    let messages = messages.take();
    assert_eq!(
        [&messages[2], &messages[5]],
        [
            "fetch: attempt 1 failed (unknown: std::io::error::Error); attempt 2 at once",
            "fetch: gave up after 2 attempts in 0s (max_unknown_attempts): std::io::error::Error",
        ]
    );
}

#[test]
fn a_failure_without_an_error_says_what_it_was() {
    let (clock, messages) = (ManualClock::new(), Messages::default());
    let policy = EACH_SECOND.attempts(2).attempt_timeout(secs(2));
    let call = policy
        .call("poll")
        .clock(&clock)
        .sleeper(&clock)
        .retry_until(|_: &u8| false)
        .observe(&messages);
    let _ = call.execute_blocking(|| Ok::<_, Failure>(7));
    assert_eq!(
        messages.take()[2..],
        [
            "poll: attempt 1 failed (transient: the value was not acceptable); attempt 2 in 1s",
            "poll: attempt 2 starts",
            "poll: attempt 2 failed in 0s (transient: the value was not acceptable)",
            "poll: gave up after 2 attempts in 1s (max_attempts_global): the value was not acceptable",
        ]
    );
    let _ = poll_to_end(call.execute(pending::<Result<u8, Failure>>));
    assert_eq!(
        messages.take()[4..],
        [
            "poll: attempt 2 failed in 2s (transient: timed out)",
            "poll: gave up after 2 attempts in 5s (max_attempts_global): timed out",
        ]
    );
}

#[test]
fn a_deferred_retry_says_when_to_try_again() {
    let (clock, messages) = (ManualClock::new(), Messages::default());
    let call = EACH_SECOND
        .call("send")
        .clock(&clock)
        .describe(|error, formatter| write!(formatter, "{error:?}"))
        .on_sleep(|_, _| SleepDecision::Defer)
        .observe(&messages);
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(
        messages.last(),
        "send: deferred after 1 attempt in 0s (scheduled, try again in 1s): Of(Transient)"
    );
}

#[test]
fn a_call_that_ends_before_its_first_attempt_says_so() {
    let (clock, messages) = (ManualClock::new(), Messages::default());
    let call = AT_ONCE
        .call("send")
        .clock(&clock)
        .abort(&|| true)
        .observe(&messages);
    let _ = call.execute_blocking(|| Ok::<_, Failure>(7));
    assert_eq!(
        messages.take(),
        ["send: gave up before the first attempt (aborted)"]
    );
}

#[test]
fn a_circuit_and_its_changes_are_named() {
    let (clock, messages) = (ManualClock::new(), Messages::default());
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .open_for(secs(30));
    let policy = EACH_SECOND.attempts(1);
    let call = policy
        .call("pay")
        .clock(&clock)
        .sleeper(&clock)
        .breaker(&breaker)
        .observe(&messages);
    let _ = call.execute_blocking(|| Err::<u8, _>(TRANSIENT));
    assert_eq!(messages.take()[2], "pay: the circuit `payments` opened");

    clock.advance(secs(10));
    let _ = call.execute_blocking(|| Ok::<u8, Failure>(7));
    assert_eq!(
        messages.last(),
        "pay: gave up before the first attempt (circuit_open `payments`, try again in 20s)"
    );

    clock.advance(secs(20));
    let _ = call.execute_blocking(|| Ok::<u8, Failure>(7));
    assert_eq!(
        messages.take(),
        [
            "pay: the circuit `payments` is half-open",
            "pay: attempt 1 starts",
            "pay: attempt 1 succeeded in 0s",
            "pay: the circuit `payments` closed",
            "pay: succeeded in 0s",
        ]
    );
}

#[test]
fn a_budget_that_refuses_is_named() {
    let (clock, messages) = (ManualClock::new(), Messages::default());
    let budget = Budget::new("retries").ratio(1.0).floor(0);
    let call = AT_ONCE
        .call("pay")
        .clock(&clock)
        .describe(|error, formatter| write!(formatter, "{error:?}"))
        .budget(&budget)
        .observe(&messages);
    let _ = call.execute_blocking(|| Err::<(), _>(TRANSIENT));
    assert_eq!(
        messages.last(),
        "pay: gave up after 2 attempts in 0s (budget_exhausted `retries`): Of(Transient)"
    );
}

#[test]
fn who_waited_for_a_bulkhead_says_for_how_long() {
    let (clock, messages) = (ManualClock::new(), Messages::default());
    let bulkhead = Bulkhead::new("pool", 1).wait(millis(200));
    let _inside = bulkhead.try_acquire().expect("room");
    let call = AT_ONCE
        .call("query")
        .clock(&clock)
        .sleeper(&clock)
        .bulkhead(&bulkhead)
        .observe(&messages);
    let _ = poll_to_end(call.execute(async || Ok::<_, Failure>(7)));
    assert_eq!(
        messages.take(),
        [
            "query: waited 200ms for the bulkhead `pool`",
            "query: gave up before the first attempt, after 200ms (bulkhead_full `pool`)",
        ]
    );
}
