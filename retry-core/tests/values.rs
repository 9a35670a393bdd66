//! Values that are not acceptable: `retry_until` and `classify_value`.

mod support;

use std::cell::RefCell;
use std::io;

use retry_core::testing::ManualClock;
use retry_core::{
    BackoffContext, Cause, ClassRule, Classification, ErrorClass, SleepDecision, StopReason,
    Stopped,
};
use support::{
    AT_ONCE, EACH_SECOND, Failure, RecordingSleeper, Script, TRANSIENT, millis, poll_to_end, secs,
};

#[test]
fn a_value_is_asked_for_until_it_is_acceptable() {
    let script = Script::new([Ok::<_, Failure>(1), Ok(2), Ok(3)]);
    let call = AT_ONCE.call("poll").retry_until(|value| *value == 2);
    assert_eq!(call.run_blocking(|| script.attempt()), Ok(2));
    assert_eq!(script.runs(), 2);
}

#[test]
fn the_async_call_judges_values_in_the_same_way() {
    let sleeper = RecordingSleeper::default();
    let script = Script::new([Ok::<_, Failure>(1), Ok(2), Ok(3)]);
    let call = EACH_SECOND
        .call("poll")
        .sleeper(&sleeper)
        .retry_until(|value| *value == 2);
    assert_eq!(poll_to_end(call.run(async || script.attempt())), Ok(2));
    assert_eq!(sleeper.slept(), [secs(1)]);
}

#[test]
fn an_unacceptable_value_is_transient_and_its_cause_is_the_value() {
    let contexts = RefCell::new(Vec::new());
    let call =
        AT_ONCE
            .call("poll")
            .retry_until(|_: &u8| false)
            .on_sleep(|context: &BackoffContext, _| {
                contexts.borrow_mut().push((context.class, context.cause));
                SleepDecision::Sleep
            });
    let outcome = call.execute_blocking(|| Ok::<_, Failure>(7));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    assert_eq!(outcome.last_class(), Some(ErrorClass::Transient));
    assert_eq!(
        *contexts.borrow(),
        [(ErrorClass::Transient, Cause::Value); 2]
    );
}

#[test]
fn the_last_unacceptable_value_is_in_the_outcome() {
    let script = Script::new([Ok::<_, Failure>(1), Ok(2), Ok(3)]);
    let call = AT_ONCE.call("poll").retry_until(|_: &u8| false);
    let outcome = call.execute_blocking(|| script.attempt());
    assert!(!outcome.is_success());
    assert_eq!(outcome.last_value(), Some(&3));
    assert_eq!(outcome.value(), None);
    assert_eq!(outcome.last_error(), None);
}

#[test]
fn a_call_that_ends_with_a_value_needs_a_stop_made_into_its_error() {
    let clock = ManualClock::new();
    let call = EACH_SECOND
        .call("poll")
        .clock(&clock)
        .sleeper(&clock)
        .retry_until(|_: &u8| false);
    let Err(Failure::Stopped(stopped)) = call.run_blocking(|| Ok::<_, Failure>(7)) else {
        panic!("no value is acceptable");
    };
    assert_eq!(stopped.reason(), StopReason::MaxAttemptsGlobal);
    assert_eq!(stopped.attempts(), 3);
    assert_eq!(stopped.elapsed(), secs(2));
    assert_eq!(stopped.class(), Some(ErrorClass::Transient));
    assert_eq!(stopped.cause(), Some(Cause::Value));
    assert_eq!(stopped.retry_after(), None);
}

#[test]
fn an_io_error_made_of_a_value_is_other() {
    let call = AT_ONCE.call("poll").retry_until(|_: &u8| false);
    let error = call.run_blocking(|| Ok::<_, io::Error>(7)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::Other);
    assert_eq!(
        error.to_string().split(": ").last(),
        Some("max_attempts_global, the last value was not acceptable")
    );
}

#[test]
fn on_stop_makes_the_error_of_a_value() {
    let call = AT_ONCE
        .call("poll")
        .retry_if(|_: &String| true)
        .retry_until(|_: &u8| false)
        .on_stop(|stopped: Stopped| format!("{:?}", stopped.cause()));
    assert_eq!(call.run_blocking(|| Ok(7)), Err("Some(Value)".to_owned()));
}

#[test]
fn the_last_failure_speaks_whether_error_or_value() {
    let policy = AT_ONCE.attempts(2);
    let call = policy.call("poll").retry_until(|_: &u8| false);

    let script = Script::new([Ok(7), Err(TRANSIENT)]);
    let outcome = call.execute_blocking(|| script.attempt());
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
    assert_eq!(outcome.last_value(), None);

    let script = Script::new([Err(TRANSIENT), Ok(7)]);
    let outcome = call.execute_blocking(|| script.attempt());
    assert_eq!(outcome.last_error(), None);
    assert_eq!(outcome.last_value(), Some(&7));
}

// classify_value.

#[test]
fn a_value_is_of_the_class_that_the_classifier_says() {
    for (class, reason, attempts) in [
        (ErrorClass::RateLimit, StopReason::MaxAttemptsGlobal, 3),
        (ErrorClass::Unknown, StopReason::MaxUnknownAttempts, 2),
        (ErrorClass::Permanent, StopReason::NonRetryableClass, 1),
        (ErrorClass::Concurrency, StopReason::MaxAttemptsPerClass, 2),
    ] {
        let policy = AT_ONCE.class(ErrorClass::Concurrency, ClassRule::new().attempts(2));
        let call = policy
            .call("poll")
            .classify_value(|_: &u8| Some(Classification::new(class)));
        let outcome = call.execute_blocking(|| Ok::<_, Failure>(7));
        assert_eq!(outcome.stop_reason(), Some(reason), "{class}");
        assert_eq!(outcome.attempts(), attempts, "{class}");
        assert_eq!(outcome.last_class(), Some(class));
        assert_eq!(outcome.last_value(), Some(&7));
    }
}

#[test]
fn a_value_that_is_not_classified_is_a_success() {
    let call = AT_ONCE.call("poll").classify_value(|value: &u8| {
        (*value < 2).then(|| Classification::new(ErrorClass::ServerError))
    });
    let script = Script::new([Ok::<_, Failure>(1), Ok(2)]);
    assert_eq!(call.run_blocking(|| script.attempt()), Ok(2));
}

#[test]
fn a_hint_in_a_value_is_followed_and_told() {
    let clock = ManualClock::new();
    let policy = EACH_SECOND.attempts(2).retry_after_max(secs(10));
    let call = policy
        .call("poll")
        .clock(&clock)
        .sleeper(&clock)
        .classify_value(|_: &u8| {
            Some(Classification::new(ErrorClass::RateLimit).with_retry_after(secs(60)))
        });
    let Err(Failure::Stopped(stopped)) = call.run_blocking(|| Ok(7)) else {
        panic!("no value is acceptable");
    };
    assert_eq!(clock.elapsed(), secs(10));
    assert_eq!(stopped.retry_after(), Some(secs(60)));
}

// Next to classify and retry_if.

#[test]
fn retry_if_is_not_asked_about_values() {
    let call = AT_ONCE
        .call("poll")
        .retry_if(|_: &Failure| false)
        .retry_until(|_: &u8| false);
    let outcome = call.execute_blocking(|| Ok(7));
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsGlobal));
    assert_eq!(outcome.attempts(), 3);
}

#[test]
fn a_value_rule_is_not_asked_about_errors() {
    let call = AT_ONCE
        .call("poll")
        .retry_until(|_: &u8| panic!("there is no value"));
    let outcome = call.execute_blocking(|| Err(TRANSIENT));
    assert_eq!(outcome.last_error(), Some(&TRANSIENT));
}

#[test]
fn values_and_errors_count_together_and_against_the_same_caps() {
    let policy = AT_ONCE
        .attempts(10)
        .class(ErrorClass::Transient, ClassRule::new().attempts(3));
    let script = Script::new([Ok(7), Err(TRANSIENT), Ok(7), Err(TRANSIENT)]);
    let call = policy.call("poll").retry_until(|_: &u8| false);
    let outcome = call.execute_blocking(|| script.attempt());
    assert_eq!(outcome.stop_reason(), Some(StopReason::MaxAttemptsPerClass));
    assert_eq!(outcome.attempts(), 3);
}

#[test]
fn the_value_rule_that_was_attached_last_counts() {
    let call = AT_ONCE
        .call("poll")
        .retry_until(|_: &u8| false)
        .classify_value(|_: &u8| None);
    assert_eq!(call.run_blocking(|| Ok::<_, Failure>(7)), Ok(7));

    let call = AT_ONCE
        .call("poll")
        .classify_value(|_: &u8| Some(ErrorClass::Permanent.into()))
        .retry_until(|_: &u8| true);
    assert_eq!(call.run_blocking(|| Ok::<_, Failure>(7)), Ok(7));
}

#[test]
fn an_aborted_call_keeps_the_value_it_had() {
    let clock = ManualClock::new();
    let aborted = || clock.elapsed() >= millis(50);
    let call = EACH_SECOND
        .call("poll")
        .clock(&clock)
        .sleeper(&clock)
        .abort(&aborted)
        .retry_until(|_: &u8| false);
    let outcome = call.execute_blocking(|| Ok::<_, Failure>(7));
    assert_eq!(outcome.stop_reason(), Some(StopReason::Aborted));
    assert_eq!(outcome.last_value(), Some(&7));
}

#[test]
fn a_deferred_value_tells_when_to_ask_again() {
    let call = EACH_SECOND
        .call("poll")
        .retry_until(|_: &u8| false)
        .on_sleep(|_, _| SleepDecision::Defer);
    let Err(Failure::Stopped(stopped)) = call.run_blocking(|| Ok(7)) else {
        panic!("no value is acceptable");
    };
    assert_eq!(stopped.reason(), StopReason::Scheduled);
    assert_eq!(stopped.retry_after(), Some(secs(1)));
}
