//! Calls on virtual time, one scene for each way that a call can go: what all golden files are about.
//!
//! After a change that is meant, `UPDATE_EXPECT=1 cargo test` writes the files anew.

#![allow(dead_code, unreachable_pub)] // each test file uses its part of this module

use std::any::type_name;
use std::fmt::{self, Formatter};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use retry_core::testing::ManualClock;
use retry_core::{
    AbortSignal, Budget, Bulkhead, CircuitBreaker, ClassRule, ErrorClass, Event, EventKind,
    Observer, Policy, Sleep, SleepDecision,
};

use super::support::{
    EACH_SECOND, Failure, PERMANENT, RATE_LIMIT, SERVER_ERROR, Script, TRANSIENT, UNKNOWN, millis,
    poll_to_end, secs,
};

/// How long an attempt takes: a fraction that a float has, so that sums are exact.
const ATTEMPT: Duration = millis(250);

const TWICE: Policy = EACH_SECOND.attempts(2);
const HASTY: Policy = TWICE.attempt_timeout(millis(125));
const RATE_LIMIT_ONCE: Policy =
    EACH_SECOND.class(ErrorClass::RateLimit, ClassRule::new().attempts(1));
const NO_BACKOFF: Policy = Policy::new().no_backoff();

/// One way that a call can go.
pub struct Scene {
    /// The operation of its calls.
    name: &'static str,
    drivers: &'static [Driver],
    play: fn(&Stage),
}

/// How calls are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    Blocking,
    Async,
}

/// Where a scene is played.
pub struct Stage {
    name: &'static str,
    observer: &'static dyn Observer,
    clock: ManualClock,
    driver: Driver,
}

impl Scene {
    /// For both drivers, which have to tell the same.
    pub const fn new(name: &'static str, play: fn(&Stage)) -> Self {
        let drivers = &[Driver::Blocking, Driver::Async];
        Self {
            name,
            drivers,
            play,
        }
    }

    /// For what a blocking call cannot do: be cut, be dropped, or wait while somebody else on its thread goes on.
    pub const fn of_async_calls(name: &'static str, play: fn(&Stage)) -> Self {
        let drivers = &[Driver::Async];
        Self {
            name,
            drivers,
            play,
        }
    }

    pub fn play(&self, driver: Driver, observer: &'static dyn Observer) {
        let clock = ManualClock::new();
        let _installed = clock.install();
        (self.play)(&Stage {
            name: self.name,
            observer,
            clock,
            driver,
        });
    }

    /// Plays with each of its drivers, and gives what `take` finds after that under the scene's name. It has to be the same.
    pub fn transcript(
        &self,
        observer: &'static dyn Observer,
        mut take: impl FnMut() -> String,
    ) -> String {
        let mut texts = self.drivers.iter().map(|driver| {
            self.play(*driver, observer);
            take()
        });
        let first = texts.next().expect("a driver");
        for other in texts {
            let name = self.name;
            assert!(
                first == other,
                "{name}: of a blocking call is told\n{first}\nof an async one\n{other}"
            );
        }
        self.titled(&first)
    }

    /// What is told of this scene, under its name. The error's type has another path in each test binary; here it has one.
    pub fn titled(&self, told: &str) -> String {
        let told = told.replace(type_name::<Failure>(), "tests::support::Failure");
        format!("# {}\n{told}\n", self.name)
    }
}

/// Plays every scene once.
pub fn play_all(observer: &'static dyn Observer) {
    for scene in SCENES {
        scene.play(Driver::Async, observer);
    }
}

/// A call under this policy with what the stage has for it.
macro_rules! call {
    ($stage:expr, $policy:expr) => {
        $policy
            .call($stage.name)
            .clock(&$stage.clock)
            .sleeper(&$stage.clock)
            .observe($stage.observer)
    };
}

/// Makes a call, whose attempts give these results, the last one for ever.
macro_rules! run {
    ($stage:expr, $call:expr, $results:expr) => {{
        let script = Script::new($results);
        let call = $call;
        let _ = match $stage.driver {
            Driver::Blocking => call.execute_blocking(|| $stage.attempt(&script)),
            Driver::Async => poll_to_end(call.execute(|| $stage.attempt_async(&script))),
        };
    }};
}

impl Stage {
    /// Makes a call with nothing around it, whose attempts give these results, the last one for ever.
    pub fn call(&self, policy: &Policy, results: impl Into<Vec<Result<u8, Failure>>>) {
        run!(self, call!(self, policy), results);
    }

    fn attempt(&self, script: &Script<u8, Failure>) -> Result<u8, Failure> {
        self.clock.advance(ATTEMPT);
        script.attempt()
    }

    async fn attempt_async(&self, script: &Script<u8, Failure>) -> Result<u8, Failure> {
        self.clock.sleep(ATTEMPT).await;
        script.attempt()
    }
}

fn text(_: &Failure, formatter: &mut Formatter<'_>) -> fmt::Result {
    formatter.write_str("connection reset by peer")
}

pub const SCENES: &[Scene] = &[
    Scene::new("success_at_once", |stage| {
        stage.call(&EACH_SECOND, [Ok(7)]);
    }),
    Scene::new("success_after_retries", |stage| {
        let results = [Err(TRANSIENT), Err(RATE_LIMIT), Ok(7)];
        stage.call(&EACH_SECOND, results);
    }),
    Scene::new("success_after_a_value", |stage| {
        let call = call!(stage, EACH_SECOND);
        let call = call.retry_until(|value: &u8| *value == 7);
        run!(stage, call, [Ok(1), Ok(7)]);
    }),
    Scene::new("errors_with_a_text", |stage| {
        let call = call!(stage, TWICE).describe(text);
        run!(stage, call, [Err(TRANSIENT)]);
    }),
    Scene::new("values_that_are_not_acceptable", |stage| {
        let call = call!(stage, TWICE).retry_until(|value: &u8| *value == 7);
        run!(stage, call, [Ok(1)]);
    }),
    // Each reason to stop.
    Scene::new("max_attempts_global", |stage| {
        stage.call(&EACH_SECOND, [Err(TRANSIENT)]);
    }),
    Scene::of_async_calls("max_attempts_global_by_timeouts", |stage| {
        stage.call(&HASTY, [Ok(7)]);
    }),
    Scene::new("max_attempts_per_class", |stage| {
        let results = [Err(TRANSIENT), Err(RATE_LIMIT)];
        stage.call(&RATE_LIMIT_ONCE, results);
    }),
    Scene::new("max_unknown_attempts", |stage| {
        stage.call(&EACH_SECOND, [Err(UNKNOWN)]);
    }),
    Scene::new("deadline_exceeded", |stage| {
        const POLICY: Policy = EACH_SECOND.deadline(secs(2));
        stage.call(&POLICY, [Err(TRANSIENT)]);
    }),
    Scene::new("deadline_exceeded_in_the_sleep", |stage| {
        const POLICY: Policy = EACH_SECOND.deadline(secs(2));
        let call = call!(stage, POLICY).describe(text);
        let call = call.on_retry(|_| stage.clock.advance(secs(1)));
        run!(stage, call, [Err(TRANSIENT)]);
    }),
    Scene::of_async_calls("deadline_exceeded_in_an_attempt", |stage| {
        const POLICY: Policy = HASTY.deadline(millis(1200));
        stage.call(&POLICY, [Ok(7)]);
    }),
    Scene::new("non_retryable_class", |stage| {
        stage.call(&EACH_SECOND, [Err(PERMANENT)]);
    }),
    Scene::new("no_strategy", |stage| {
        stage.call(&NO_BACKOFF, [Err(TRANSIENT)]);
    }),
    Scene::new("budget_exhausted", |stage| {
        let budget = Budget::new("retries").per_window(1, secs(60));
        let call = call!(stage, EACH_SECOND).budget(&budget);
        run!(stage, call, [Err(TRANSIENT)]);
    }),
    Scene::new("scheduled", |stage| {
        let call = call!(stage, EACH_SECOND);
        let call = call.on_sleep(|_, _| SleepDecision::Defer);
        run!(stage, call, [Err(TRANSIENT)]);
    }),
    Scene::new("aborted_before_the_first_attempt", |stage| {
        run!(stage, call!(stage, EACH_SECOND).abort(&|| true), [Ok(7)]);
    }),
    Scene::new("aborted_in_an_attempt", |stage| {
        let signal = AbortSignal::new();
        let abort = |event: &Event<'_>| {
            if event.kind == EventKind::AttemptStarted {
                signal.abort();
            }
        };
        let call = call!(stage, EACH_SECOND).observe(&abort).abort(&signal);
        run!(stage, call, [Err(TRANSIENT)]);
    }),
    Scene::new("aborted_in_the_sleep", |stage| {
        let signal = AbortSignal::new();
        let call = call!(stage, EACH_SECOND).describe(text).abort(&signal);
        run!(stage, call.on_retry(|_| signal.abort()), [Err(TRANSIENT)]);
    }),
    // The same circuit from closed to closed: it opens, turns a call away, lets a probe through that fails, and another one.
    Scene::new("circuit_open", |stage| {
        let breaker = CircuitBreaker::new("payments")
            .consecutive(2)
            .open_for(secs(10));
        let call = call!(stage, EACH_SECOND).breaker(&breaker);
        run!(stage, call.clone(), [Err(SERVER_ERROR)]);
        run!(stage, call.clone(), [Ok(7)]);
        stage.clock.advance(secs(10));
        run!(stage, call.clone(), [Err(SERVER_ERROR)]);
        stage.clock.advance(secs(10));
        run!(stage, call, [Ok(7)]);
    }),
    Scene::new("circuit_open_after_the_sleep", |stage| {
        let breaker = CircuitBreaker::new("payments").observe(stage.observer);
        let call = call!(stage, EACH_SECOND).breaker(&breaker);
        let call = call.on_retry(|_| breaker.force_open());
        run!(stage, call, [Err(TRANSIENT)]);
    }),
    Scene::new("circuit_that_somebody_opens_and_closes", |stage| {
        let breaker = CircuitBreaker::new("payments").observe(stage.observer);
        breaker.force_open();
        breaker.force_closed();
    }),
    Scene::new("bulkhead_full", |stage| {
        let bulkhead = Bulkhead::new("database", 1);
        let _inside = bulkhead.try_acquire().expect("an empty bulkhead");
        let call = call!(stage, EACH_SECOND).bulkhead(&bulkhead);
        run!(stage, call, [Ok(7)]);
    }),
    Scene::new("contention_then_bulkhead_full", |stage| {
        let bulkhead = contended();
        let _inside = bulkhead.try_acquire().expect("an empty bulkhead");
        let call = call!(stage, EACH_SECOND).bulkhead(&bulkhead);
        run!(stage, call, [Ok(7)]);
    }),
    Scene::of_async_calls("contention_then_success", |stage| {
        let bulkhead = contended();
        let inside = bulkhead.try_acquire().expect("an empty bulkhead");
        let leave = async {
            stage.clock.sleep(millis(500)).await;
            drop(inside);
        };
        let script = Script::new([Ok(7)]);
        let call = call!(stage, EACH_SECOND).bulkhead(&bulkhead);
        let wait = call.execute(|| stage.attempt_async(&script));
        let _ = poll_to_end(async { tokio::join!(wait, leave) });
    }),
    Scene::of_async_calls("dropped_in_the_second_attempt", |stage| {
        let script = Script::new([Err(TRANSIENT)]);
        let call = call!(stage, EACH_SECOND);
        let mut running = pin!(call.execute(|| stage.attempt_async(&script)));
        let mut context = Context::from_waker(Waker::noop());
        while stage.clock.elapsed() < ATTEMPT + secs(1) {
            assert!(running.as_mut().poll(&mut context).is_pending());
        }
    }),
];

/// A bulkhead for one, where a long wait is told.
fn contended() -> Bulkhead {
    Bulkhead::new("database", 1)
        .wait(secs(1))
        .contention_after(millis(250))
}
