//! Calls on virtual time, one scene for each way that a call can go.

use std::fmt::{Formatter, Result as Written};
use std::future::pending;

use retry_core::testing::{Installed, ManualClock};
use retry_core::{
    AbortSignal, Budget, Bulkhead, CircuitBreaker, ClassRule, ErrorClass, Event, EventKind,
    Observer, Policy, Sleep, SleepDecision,
};
use tracing::info_span;

use crate::support::{
    EACH_SECOND, Failure, PERMANENT, RATE_LIMIT, SERVER_ERROR, Script, TRANSIENT, UNKNOWN, millis,
    poll_to_end, secs,
};

/// Where calls are made: on virtual time, with an observer.
pub(crate) struct Stage {
    observer: &'static dyn Observer,
    clock: ManualClock,
    _installed: Installed,
}

impl Stage {
    pub(crate) fn new(observer: &'static dyn Observer) -> Self {
        let clock = ManualClock::new();
        Self {
            observer,
            _installed: clock.install(),
            clock,
        }
    }

    /// An operation that gives these results one after the other, each after 100 ms.
    fn gives(&self, results: &[Result<u8, Failure>]) -> impl Fn() -> Result<u8, Failure> + use<> {
        let script = Script::new(results).taking(millis(100), &self.clock);
        move || script.attempt()
    }

    /// Makes a call whose attempts go like that.
    fn call(&self, policy: &Policy, results: &[Result<u8, Failure>]) {
        let call = policy.call("fetch_user").observe(self.observer);
        let _ = call.execute_blocking(self.gives(results));
    }
}

fn text(_: &Failure, formatter: &mut Formatter<'_>) -> Written {
    formatter.write_str("connection reset by peer")
}

/// What happens, and how.
pub(crate) type Scene = (&'static str, fn(&Stage));

pub(crate) const SCENES: &[Scene] = &[
    ("a success at the first attempt", |stage| {
        stage.call(&EACH_SECOND, &[Ok(7)]);
    }),
    ("a success after retries", |stage| {
        let failures = [Err(TRANSIENT), Err(RATE_LIMIT), Ok(7)];
        stage.call(&EACH_SECOND, &failures);
    }),
    ("errors with a text", |stage| {
        let policy = EACH_SECOND.attempts(2);
        let call = policy.call("fetch_user").observe(stage.observer);
        let _ = call
            .describe(text)
            .execute_blocking(stage.gives(&[Err(TRANSIENT)]));
    }),
    ("in the caller's span", |stage| {
        let _entered = info_span!("request", id = 7).entered();
        stage.call(&EACH_SECOND, &[Err(TRANSIENT), Ok(7)]);
    }),
    ("max_attempts_global", |stage| {
        stage.call(&EACH_SECOND.attempts(2), &[Err(TRANSIENT)]);
    }),
    ("max_attempts_per_class", |stage| {
        let once = ClassRule::new().attempts(1);
        let policy = EACH_SECOND.class(ErrorClass::RateLimit, once);
        stage.call(&policy, &[Err(RATE_LIMIT)]);
    }),
    ("deadline_exceeded", |stage| {
        stage.call(&EACH_SECOND.deadline(secs(1)), &[Err(TRANSIENT)]);
    }),
    (
        "deadline_exceeded, by an attempt that had to be cut",
        |stage| {
            let policy = EACH_SECOND.attempt_timeout(secs(2)).deadline(secs(4));
            let call = policy.call("fetch_user").observe(stage.observer);
            let call = call.clock(&stage.clock).sleeper(&stage.clock);
            let _ = poll_to_end(call.execute(pending::<Result<u8, Failure>>));
        },
    ),
    ("max_unknown_attempts", |stage| {
        stage.call(&EACH_SECOND, &[Err(UNKNOWN)]);
    }),
    ("non_retryable_class", |stage| {
        stage.call(&EACH_SECOND, &[Err(PERMANENT)]);
    }),
    ("no_strategy", |stage| {
        stage.call(&Policy::new().no_backoff(), &[Err(TRANSIENT)]);
    }),
    ("budget_exhausted", |stage| {
        let budget = Budget::new("retries").per_window(1, secs(60));
        let call = EACH_SECOND.call("fetch_user").observe(stage.observer);
        let _ = call
            .budget(&budget)
            .execute_blocking(stage.gives(&[Err(TRANSIENT)]));
    }),
    ("scheduled", |stage| {
        let call = EACH_SECOND.call("fetch_user").observe(stage.observer);
        let _ = call
            .on_sleep(|_, _| SleepDecision::Defer)
            .execute_blocking(stage.gives(&[Err(TRANSIENT)]));
    }),
    ("aborted before the first attempt", |stage| {
        let call = EACH_SECOND.call("fetch_user").observe(stage.observer);
        let _ = call.abort(&|| true).execute_blocking(stage.gives(&[Ok(7)]));
    }),
    ("aborted before another attempt", |stage| {
        let signal = AbortSignal::new();
        let abort = |event: &Event<'_>| {
            if event.kind == EventKind::Retry {
                signal.abort();
            }
        };
        let call = EACH_SECOND.call("fetch_user").observe(stage.observer);
        let _ = call
            .observe(&abort)
            .abort(&signal)
            .execute_blocking(stage.gives(&[Err(TRANSIENT)]));
    }),
    ("values that are not acceptable", |stage| {
        let policy = EACH_SECOND.attempts(2);
        let call = policy.call("fetch_user").observe(stage.observer);
        let _ = call
            .retry_until(|value: &u8| *value > 7)
            .execute_blocking(stage.gives(&[Ok(7)]));
    }),
    ("circuit_open, and the circuit's transitions", |stage| {
        let breaker = CircuitBreaker::new("payments")
            .consecutive(2)
            .open_for(secs(30));
        let call = EACH_SECOND.call("pay").observe(stage.observer);
        let call = call.breaker(&breaker);
        let _ = call.execute_blocking(stage.gives(&[Err(SERVER_ERROR)]));
        let _ = call.execute_blocking(stage.gives(&[Ok(7)]));
        stage.clock.advance(secs(30));
        let _ = call.execute_blocking(stage.gives(&[Ok(7)]));
    }),
    ("a circuit that somebody opens and closes", |stage| {
        let breaker = CircuitBreaker::new("payments").observe(stage.observer);
        breaker.force_open();
        breaker.force_closed();
    }),
    ("bulkhead_full", |stage| {
        let bulkhead = Bulkhead::new("database", 1);
        let _permit = bulkhead.try_acquire().expect("an empty bulkhead");
        let call = EACH_SECOND.call("query").observe(stage.observer);
        let _ = call
            .bulkhead(&bulkhead)
            .execute_blocking(stage.gives(&[Ok(7)]));
    }),
    ("contention", |stage| {
        let bulkhead = Bulkhead::new("database", 1)
            .wait(millis(200))
            .contention_after(millis(50));
        let permit = bulkhead.try_acquire().expect("an empty bulkhead");
        let call = EACH_SECOND.call("query").observe(stage.observer);
        let call = call.bulkhead(&bulkhead);
        let call = call.clock(&stage.clock).sleeper(&stage.clock);
        let leave = async {
            stage.clock.sleep(millis(100)).await;
            drop(permit);
        };
        let query = call.execute(async || Ok::<_, Failure>(7));
        let _ = poll_to_end(async { tokio::join!(query, leave) });
    }),
];
