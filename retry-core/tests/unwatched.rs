//! A call that nobody watches ends with an error, or is refused by an open circuit, without a history. Its result, and what its guards know
//! afterwards, is the same as of one that is watched, which has one.

mod support;

use std::cell::Cell;
use std::error::Error as _;
use std::sync::Mutex;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use retry_core::testing::ManualClock;
use retry_core::{
    AbortSignal, Backoff, Budget, Bulkhead, CircuitBreaker, ClassRule, Classify as _, ErrorClass,
    Event, Policy,
};
use support::{Failure, TRANSIENT, guarded, millis, poll_to_end, secs};

/// What comes before a call of the history.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    Wait(Duration),
    ForceOpen,
    ForceClosed,
    Reset,
    /// Somebody else's probe, or a call in a closed circuit, that stays for the rest of the history.
    Enter,
    /// Somebody else takes the only place in the bulkhead, for the rest of the history.
    Occupy,
    Abort,
}

#[derive(Clone, Debug)]
struct Step {
    before: Before,
    script: Vec<Failure>,
    takes: Duration,
    /// Which answer of `retry_if` is no.
    refused: Option<u32>,
    aborts: bool,
}

#[derive(Clone, Copy, Debug)]
struct World {
    policy: Policy,
    breaker: Option<CircuitForm>,
    budget: bool,
    bulkhead: bool,
    abortable: bool,
}

#[derive(Clone, Copy, Debug)]
struct CircuitForm {
    per_call: bool,
    rates: bool,
    open_for: Duration,
}

impl CircuitForm {
    fn build(self) -> CircuitBreaker {
        let breaker = CircuitBreaker::new("payments")
            .consecutive(2)
            .class_failures(ErrorClass::RateLimit, 1, secs(60))
            .growing(2.0, Duration::MAX)
            .open_for(self.open_for);
        let breaker = if self.per_call {
            breaker.per_call()
        } else {
            breaker
        };
        if self.rates {
            breaker
                .failure_rate(0.5, 4, secs(60))
                .slow_rate(millis(500), 0.5, 3, secs(60))
        } else {
            breaker
        }
    }
}

fn any_class() -> impl Strategy<Value = ErrorClass> {
    prop_oneof![
        3 => Just(ErrorClass::Transient),
        3 => proptest::sample::select(&ErrorClass::ALL[..]),
    ]
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let rule = prop_oneof![
        Just(ClassRule::never()),
        Just(ClassRule::new().attempts(1)),
        Just(ClassRule::new().backoff(Backoff::fixed(secs(1)))),
    ];
    let backoff = prop_oneof![Just(Backoff::none()), Just(Backoff::fixed(secs(1)))];
    let deadline = option::weighted(0.3, prop_oneof![Just(millis(500)), Just(secs(2))]);
    let rule = option::weighted(0.5, (any_class(), rule));
    (1..4_u32, backoff, deadline, rule).prop_map(|(attempts, backoff, deadline, rule)| {
        let policy = Policy::new().backoff(backoff).attempts(attempts);
        let policy = match deadline {
            Some(deadline) => policy.deadline(deadline),
            None => policy,
        };
        match rule {
            Some((class, rule)) if class.is_retryable() => policy.class(class, rule),
            _ => policy,
        }
    })
}

fn any_world() -> impl Strategy<Value = World> {
    let open_for = prop_oneof![
        4 => Just(secs(5)),
        1 => Just(Duration::from_nanos(1)),
        1 => Just(Duration::from_nanos(u64::MAX)),
        1 => Just(Duration::MAX),
    ];
    let circuit =
        (any::<bool>(), any::<bool>(), open_for).prop_map(|(per_call, rates, open_for)| {
            CircuitForm {
                per_call,
                rates,
                open_for,
            }
        });
    let guards = (option::weighted(0.8, circuit), any::<bool>(), any::<bool>());
    let guards = guards.prop_filter("a call without guards has another type", |guards| {
        guards.0.is_some() || guards.1 || guards.2
    });
    (any_policy(), guards, any::<bool>()).prop_map(
        |(policy, (breaker, budget, bulkhead), abortable)| World {
            policy,
            breaker,
            budget,
            bulkhead,
            abortable,
        },
    )
}

fn any_step() -> impl Strategy<Value = Step> {
    let before = prop_oneof![
        10 => Just(Before::Nothing),
        4 => (0..7_000_u64).prop_map(|wait| Before::Wait(millis(wait))),
        2 => Just(Before::ForceOpen),
        1 => Just(Before::ForceClosed),
        1 => Just(Before::Reset),
        1 => Just(Before::Enter),
        1 => Just(Before::Occupy),
        1 => Just(Before::Abort),
    ];
    let hint = prop_oneof![Just(millis(300)), Just(secs(20))];
    let failure = (any_class(), option::weighted(0.2, hint)).prop_map(|(class, hint)| match hint {
        Some(hint) => Failure::Hint(class, hint),
        None => Failure::Of(class),
    });
    let takes = prop_oneof![3 => Just(Duration::ZERO), 1 => Just(millis(700))];
    let refused = option::weighted(0.2, 1..3_u32);
    let aborts = proptest::bool::weighted(0.1);
    (before, vec(failure, 0..4), takes, refused, aborts).prop_map(
        |(before, script, takes, refused, aborts)| Step {
            before,
            script,
            takes,
            refused,
            aborts,
        },
    )
}

/// How each call of a history is made.
#[derive(Clone, Copy, Debug)]
struct How {
    asynchronous: bool,
    watched: bool,
    /// It gives its whole outcome.
    whole: bool,
}

/// A result, and what its stop has for its source.
fn told(result: &Result<u32, Failure>) -> String {
    let source = match result {
        Err(Failure::Stopped(stopped)) => stopped.source().map(ToString::to_string),
        _ => None,
    };
    format!("{result:?} {source:?}")
}

/// The history of a world: after each call its result, the time, and all that the guards tell.
fn history(world: &World, steps: &[Step], how: How) -> Vec<String> {
    let clock = ManualClock::new();
    let _installed = clock.install();
    let breaker = world.breaker.map(CircuitForm::build);
    let budget = world.budget.then(|| {
        Budget::new("retries")
            .token_bucket(20)
            .cost(ErrorClass::RateLimit, 7)
    });
    let bulkhead = world.bulkhead.then(|| Bulkhead::new("pool", 1));
    let signal = AbortSignal::new();
    let (mut probes, mut places) = (Vec::new(), Vec::new());
    let call = |step: &Step| {
        let (attempts, asked) = (Cell::new(0), Cell::new(0));
        let attempt = || {
            let index = attempts.replace(attempts.get() + 1);
            clock.advance(step.takes);
            if step.aborts {
                signal.abort();
            }
            step.script.get(index).cloned().map_or(Ok(7), Err)
        };
        let call = world
            .policy
            .call("test")
            .clock(&clock)
            .sleeper(&clock)
            .seed(7)
            .classify(|error: &Failure| error.classify())
            .retry_if(|_: &Failure| {
                asked.set(asked.get() + 1);
                step.refused != Some(asked.get())
            });
        let call = guarded!(call, &breaker, &budget, &bulkhead);
        let call = if world.abortable {
            call.abort(&signal)
        } else {
            call
        };
        // A call that is watched has another type.
        macro_rules! come_of {
            ($call:expr) => {
                match (how.asynchronous, how.whole) {
                    (false, false) => told(&$call.run_blocking(attempt)),
                    (false, true) => format!("{:?}", $call.execute_blocking(attempt)),
                    (true, false) => told(&poll_to_end($call.run(async || attempt()))),
                    (true, true) => {
                        format!("{:?}", poll_to_end($call.execute(async || attempt())))
                    }
                }
            };
        }
        let end = if how.watched {
            come_of!(call.on_retry(|_| {}))
        } else {
            come_of!(call)
        };
        format!("{end} {}", attempts.get())
    };
    let mut seen = Vec::new();
    for step in steps {
        match (step.before, &breaker, &bulkhead) {
            (Before::Wait(wait), ..) => clock.advance(wait),
            (Before::ForceOpen, Some(breaker), _) => breaker.force_open(),
            (Before::ForceClosed, Some(breaker), _) => breaker.force_closed(),
            (Before::Reset, Some(breaker), _) => breaker.reset(),
            (Before::Enter, Some(breaker), _) => probes.extend(breaker.try_acquire().ok()),
            (Before::Occupy, _, Some(bulkhead)) => places.extend(bulkhead.try_acquire().ok()),
            (Before::Abort, ..) => signal.abort(),
            _ => {}
        }
        seen.push(format!(
            "{} {:?} {:?} {:?} {:?}",
            call(step),
            clock.elapsed(),
            breaker.as_ref().map(CircuitBreaker::snapshot),
            budget
                .as_ref()
                .map(|budget| (budget.remaining(), budget.statistics())),
            bulkhead.as_ref().map(Bulkhead::statistics),
        ));
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_can_tell_a_call_without_a_history_from_one_that_has_one(
        world in any_world(),
        steps in vec(any_step(), 1..8),
    ) {
        for whole in [false, true] {
            let how = |asynchronous, watched| How { asynchronous, watched, whole };
            let unwatched = history(&world, &steps, how(false, false));
            for how in [how(false, true), how(true, false), how(true, true)] {
                prop_assert_eq!(&history(&world, &steps, how), &unwatched, "{:?}", how);
            }
        }
    }
}

#[test]
fn a_call_has_left_its_bulkhead_when_its_last_error_opens_the_circuit() {
    static POOL: Bulkhead = Bulkhead::new("pool", 1);
    static INSIDE: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    fn note(_: &Event<'_>) {
        INSIDE.lock().expect("no panic").push(POOL.in_use());
    }
    let breaker = CircuitBreaker::new("payments")
        .consecutive(1)
        .observe(&note);
    let policy = Policy::new().class(ErrorClass::Transient, ClassRule::never());
    let call = || policy.call("test").breaker(&breaker).bulkhead(&POOL);
    let fails = || Err::<(), _>(TRANSIENT);
    assert_eq!(call().run_blocking(fails), Err(TRANSIENT));
    breaker.reset();
    assert_eq!(call().on_retry(|_| {}).run_blocking(fails), Err(TRANSIENT));
    // Opened, closed by hand, opened.
    assert_eq!(*INSIDE.lock().expect("no panic"), [0, 0, 0]);
}
