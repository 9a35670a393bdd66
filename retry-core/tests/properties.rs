//! Any policy, any script of failures: what always holds, and agreement with a plain reading of the design's tables.

mod support;

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use retry_core::testing::{ManualClock, RecordedEvent, Recorder};
use retry_core::{
    Backoff, Cause, ClassRule, Classification, ErrorClass, EventKind, Jitter, Outcome, Policy,
    RetryAfter, Sleep, SleepDecision, StopReason,
};
use support::{Failure, millis, poll_to_end, secs};

/// The classes that a rule may be written for.
const RETRYABLE: [ErrorClass; 5] = [
    ErrorClass::Concurrency,
    ErrorClass::RateLimit,
    ErrorClass::ServerError,
    ErrorClass::Transient,
    ErrorClass::Unknown,
];

// What is drawn.

#[derive(Clone, Debug)]
enum Rule {
    Never,
    Of {
        cap: Option<u32>,
        backoff: Option<Backoff>,
    },
}

/// A policy, as its author would write it down.
#[derive(Clone, Debug)]
struct Plan {
    attempts: Option<u32>,
    deadline: Option<Duration>,
    timeout: Option<Duration>,
    backoff: Option<Backoff>,
    rules: Vec<(ErrorClass, Rule)>,
    honor: bool,
    longest_hint: Duration,
}

/// One attempt: how long it takes, and what it gives.
#[derive(Clone, Debug)]
struct Step {
    takes: Duration,
    gives: Result<bool, (ErrorClass, Option<Duration>)>,
}

#[derive(Clone, Debug)]
struct Scenario {
    plan: Plan,
    steps: Vec<Step>,
    /// The attempt during which an abort is requested.
    aborted_in: Option<u32>,
    /// After which failure the sleep rule does not let the call sleep.
    refused_after: Option<(u32, SleepDecision)>,
    seed: u64,
}

impl Plan {
    fn policy(&self) -> Policy {
        let mut policy = match self.attempts {
            Some(attempts) => Policy::new().attempts(attempts),
            None => Policy::new().unlimited(),
        };
        policy = match self.backoff {
            Some(backoff) => policy.backoff(backoff),
            None => policy.no_backoff(),
        };
        if let Some(deadline) = self.deadline {
            policy = policy.deadline(deadline);
        }
        if let Some(timeout) = self.timeout {
            policy = policy.attempt_timeout(timeout);
        }
        if !self.honor {
            policy = policy.retry_after(RetryAfter::Ignore);
        }
        for (class, rule) in &self.rules {
            let rule = match rule {
                Rule::Never => ClassRule::never(),
                Rule::Of { cap, backoff } => {
                    let mut rule = ClassRule::new();
                    if let Some(cap) = cap {
                        rule = rule.attempts(*cap);
                    }
                    if let Some(backoff) = backoff {
                        rule = rule.backoff(*backoff);
                    }
                    rule
                }
            };
            policy = policy.class(*class, rule);
        }
        policy.retry_after_max(self.longest_hint)
    }

    fn rule(&self, class: ErrorClass) -> Option<&Rule> {
        self.rules
            .iter()
            .find(|(of, _)| *of == class)
            .map(|(_, rule)| rule)
    }
}

fn any_class() -> impl Strategy<Value = ErrorClass> {
    prop_oneof![
        1 => proptest::sample::select(&ErrorClass::ALL[..]),
        6 => proptest::sample::select(&RETRYABLE[..]),
    ]
}

/// The durations of a scenario.
type Durations = BoxedStrategy<Duration>;

fn short() -> Durations {
    (0_u64..20_000).prop_map(millis).boxed()
}

/// From nothing to more than any clock can show.
fn any_duration() -> Durations {
    prop_oneof![
        8 => short(),
        1 => Just(Duration::ZERO),
        1 => Just(Duration::from_nanos(1)),
        1 => Just(Duration::MAX),
        1 => any::<u64>().prop_map(Duration::from_nanos),
        1 => any::<u64>().prop_map(Duration::from_secs),
    ]
    .boxed()
}

fn not_zero(durations: Durations) -> impl Strategy<Value = Duration> {
    durations.prop_map(|duration| duration.max(Duration::from_nanos(1)))
}

fn any_jitter() -> BoxedStrategy<Jitter> {
    prop_oneof![
        3 => Just(Jitter::None),
        1 => Just(Jitter::Full),
        1 => Just(Jitter::Equal),
        1 => (0.0..=1.0).prop_map(Jitter::Spread),
    ]
    .boxed()
}

fn by_attempt(context: &retry_core::BackoffContext) -> Duration {
    secs(u64::from(context.attempt))
}

fn any_backoff(durations: Durations) -> impl Strategy<Value = Backoff> {
    const DELAYS: [Duration; 3] = [secs(1), secs(5), secs(2)];
    let growing = (durations.clone(), durations.clone(), any_jitter());
    prop_oneof![
        Just(Backoff::none()),
        Just(Backoff::schedule(&DELAYS)),
        Just(Backoff::custom(by_attempt)),
        (durations.clone(), any_jitter())
            .prop_map(|(delay, jitter)| Backoff::fixed(delay).jitter(jitter)),
        durations.prop_map(Backoff::decorrelated),
        growing.clone().prop_map(|(base, most, jitter)| {
            Backoff::linear(base).max(most.max(base)).jitter(jitter)
        }),
        growing.clone().prop_map(|(base, most, jitter)| {
            Backoff::fibonacci(base).max(most.max(base)).jitter(jitter)
        }),
        (growing, 1.0..1e3).prop_map(|((base, most, jitter), factor)| {
            Backoff::exponential(base)
                .max(most.max(base))
                .factor(factor)
                .jitter(jitter)
        }),
    ]
}

fn any_plan(durations: Durations) -> impl Strategy<Value = Plan> {
    let rule = prop_oneof![
        1 => Just(Rule::Never),
        6 => (option::of(1_u32..5), option::of(any_backoff(durations.clone())))
            .prop_map(|(cap, backoff)| Rule::Of { cap, backoff }),
    ];
    (
        option::weighted(0.9, 1_u32..8),
        option::of(not_zero(durations.clone())),
        option::of(not_zero(durations.clone())),
        option::weighted(0.9, any_backoff(durations.clone())),
        vec(option::weighted(0.3, rule), RETRYABLE.len()),
        prop::bool::weighted(0.8),
        prop_oneof![Just(secs(120)), not_zero(durations)],
    )
        .prop_map(
            |(attempts, deadline, timeout, backoff, rules, honor, longest_hint)| Plan {
                attempts,
                deadline,
                timeout,
                backoff,
                rules: RETRYABLE
                    .into_iter()
                    .zip(rules)
                    .filter_map(|(class, rule)| Some((class, rule?)))
                    .collect(),
                honor,
                longest_hint,
            },
        )
}

fn any_step(durations: Durations) -> impl Strategy<Value = Step> {
    let gives = prop_oneof![
        1 => Just(Ok(true)),
        2 => Just(Ok(false)),
        12 => (any_class(), option::weighted(0.2, durations.clone())).prop_map(Err),
    ];
    let takes = prop_oneof![1 => Just(Duration::ZERO), 1 => durations];
    (takes, gives).prop_map(|(takes, gives)| Step { takes, gives })
}

fn any_scenario(durations: Durations) -> impl Strategy<Value = Scenario> {
    let refusal = proptest::sample::select(&[SleepDecision::Defer, SleepDecision::Abort][..]);
    (
        any_plan(durations.clone()),
        vec(any_step(durations), 1..12),
        option::weighted(0.1, 1_u32..6),
        option::weighted(0.1, (1_u32..6, refusal)),
        any::<u64>(),
    )
        .prop_map(|(plan, mut steps, aborted_in, refused_after, seed)| {
            // So that a call without a limit ends.
            let last = Step {
                takes: Duration::ZERO,
                gives: Ok(true),
            };
            steps.push(last);
            Scenario {
                plan,
                steps,
                aborted_in,
                refused_after,
                seed,
            }
        })
}

// How it is run.

#[derive(Debug)]
struct Observed {
    outcome: Outcome<bool, Failure>,
    events: Vec<RecordedEvent>,
    /// When each attempt began.
    starts: Vec<Duration>,
    ended: Duration,
}

/// Runs a scenario: an expression that makes an `Outcome` of the call, of what begins an attempt, and of the clock.
macro_rules! observe {
    ($scenario:expr, |$call:ident, $begin:ident, $clock:ident| $run:expr) => {{
        let scenario: &Scenario = $scenario;
        let $clock = ManualClock::new();
        let recorder = Recorder::new();
        let aborted = AtomicBool::new(false);
        let policy = scenario.plan.policy();
        let starts = RefCell::new(Vec::new());
        let $begin = || {
            let mut starts = starts.borrow_mut();
            let step = &scenario.steps[starts.len()];
            starts.push($clock.elapsed());
            if scenario
                .aborted_in
                .is_some_and(|attempt| starts.len() as u64 == u64::from(attempt))
            {
                aborted.store(true, Ordering::Relaxed);
            }
            let result = match step.gives {
                Ok(value) => Ok(value),
                Err((class, None)) => Err(Failure::Of(class)),
                Err((class, Some(hint))) => Err(Failure::Hint(class, hint)),
            };
            (step.takes, result)
        };
        let $call = policy
            .call("test")
            .clock(&$clock)
            .sleeper(&$clock)
            .seed(scenario.seed)
            .observe(&recorder)
            .retry_until(|value: &bool| *value)
            .on_sleep(|context, _| match scenario.refused_after {
                Some((after, decision)) if after == context.attempt => decision,
                _ => SleepDecision::Sleep,
            });
        // Without one, a sleep of centuries is one sleep instead of slices.
        let $call = match scenario.aborted_in {
            Some(_) => $call.abort(&aborted),
            None => $call,
        };
        let outcome = $run;
        let starts = starts.take();
        Observed {
            outcome,
            events: recorder.events(),
            starts,
            ended: $clock.elapsed(),
        }
    }};
}

fn run_blocking(scenario: &Scenario) -> Observed {
    observe!(scenario, |call, begin, clock| call.execute_blocking(|| {
        let (takes, result) = begin();
        clock.advance(takes);
        result
    }))
}

fn run_async(scenario: &Scenario) -> Observed {
    observe!(scenario, |call, begin, clock| poll_to_end(call.execute(
        async || {
            let (takes, result) = begin();
            if !takes.is_zero() {
                clock.sleep(takes).await;
            }
            result
        }
    )))
}

// What has to come of it: design §5, row by row, without a look at the engine.

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
enum End {
    Success,
    Failure(Classification, Cause),
    CutByDeadline,
}

/// What the tables say about a call that is being replayed.
struct Reading<'a> {
    scenario: &'a Scenario,
    /// Whether attempts are cut.
    cuts: bool,
    now: Duration,
    failures: u32,
    of_class: Vec<ErrorClass>,
    /// The backoff's owner and how many failures it has answered.
    answered: Vec<(Option<ErrorClass>, u32)>,
}

/// The longest time that a manual clock shows.
const END_OF_TIME: Duration = Duration::from_secs(500 * 365 * 24 * 60 * 60);

impl Reading<'_> {
    fn pass(&mut self, duration: Duration) {
        self.now = self.now.saturating_add(duration).min(END_OF_TIME);
    }

    fn remaining(&self) -> Option<Duration> {
        let deadline = self.scenario.plan.deadline?;
        Some(deadline.saturating_sub(self.now))
    }

    /// B6.
    fn attempt(&mut self) -> End {
        let step = &self.scenario.steps[self.failures as usize];
        let left = self.scenario.plan.timeout.filter(|_| self.cuts);
        // The end of time is never later than the clock can show: then everything ends at once, the operation first.
        let reach = |duration: Duration| self.now.saturating_add(duration).min(END_OF_TIME);
        if let Some(timeout) = left {
            let cut = self
                .remaining()
                .map_or(timeout, |remaining| remaining.min(timeout));
            if reach(cut) < reach(step.takes) {
                let by_deadline = self.remaining().is_some_and(|it| it <= timeout);
                self.pass(cut);
                return if by_deadline {
                    End::CutByDeadline
                } else {
                    End::Failure(ErrorClass::Transient.into(), Cause::Timeout)
                };
            }
        }
        self.pass(step.takes);
        match step.gives {
            Ok(true) => End::Success,
            Ok(false) => End::Failure(ErrorClass::Transient.into(), Cause::Value),
            Err((class, hint)) => {
                let mut classification = Classification::new(class);
                classification.retry_after = hint;
                End::Failure(classification, Cause::Error)
            }
        }
    }

    /// The rows after a failure, up to the delay: a reason, or between which bounds the delay has to lie.
    fn after(&mut self, end: End) -> Result<(Duration, Duration), StopReason> {
        let plan = &self.scenario.plan;
        let (classification, by_deadline) = match end {
            End::Success => unreachable!("a success is the end"),
            End::Failure(classification, _) => (classification, false),
            End::CutByDeadline => (ErrorClass::Transient.into(), true),
        };
        let class = classification.class;
        self.failures += 1;
        self.of_class.push(class);
        let of_class = self.of_class.iter().filter(|it| **it == class).count();
        let rule = plan.rule(class);
        // F1
        if self
            .scenario
            .aborted_in
            .is_some_and(|attempt| attempt <= self.failures)
        {
            return Err(StopReason::Aborted);
        }
        if by_deadline {
            return Err(StopReason::DeadlineExceeded);
        }
        // F2
        if !class.is_retryable() || matches!(rule, Some(Rule::Never)) {
            return Err(StopReason::NonRetryableClass);
        }
        // F3
        let cap = match rule {
            Some(Rule::Of { cap: Some(cap), .. }) => Some(*cap),
            _ if class == ErrorClass::Unknown => Some(2),
            _ => None,
        };
        if cap.is_some_and(|cap| of_class == cap as usize) {
            return Err(if class == ErrorClass::Unknown {
                StopReason::MaxUnknownAttempts
            } else {
                StopReason::MaxAttemptsPerClass
            });
        }
        // F4
        if plan.attempts == Some(self.failures) {
            return Err(StopReason::MaxAttemptsGlobal);
        }
        // F5
        let (owner, backoff) = match rule {
            Some(Rule::Of {
                backoff: Some(backoff),
                ..
            }) => (Some(class), Some(backoff)),
            _ => (None, plan.backoff.as_ref()),
        };
        let hint = classification.retry_after.filter(|_| plan.honor);
        // F6
        match (hint, backoff) {
            (Some(hint), _) => {
                let most = hint.saturating_add((hint / 10).min(millis(250)));
                Ok((hint.min(plan.longest_hint), most.min(plan.longest_hint)))
            }
            (None, None) => Err(StopReason::NoStrategy),
            (None, Some(backoff)) => {
                if self.answered.iter().all(|(of, _)| *of != owner) {
                    self.answered.push((owner, 0));
                }
                let answered = self.answered.iter_mut().find(|(of, _)| *of == owner);
                let (_, n) = answered.expect("it has just been added");
                *n += 1;
                if *backoff == Backoff::custom(by_attempt) {
                    let delay = secs(u64::from(self.failures));
                    return Ok((delay, delay));
                }
                Ok(backoff.bounds(*n))
            }
        }
    }
}

/// Replays what was observed against the tables.
fn assert_by_the_tables(scenario: &Scenario, observed: &Observed, cuts: bool) {
    let mut reading = Reading {
        scenario,
        cuts,
        now: Duration::ZERO,
        failures: 0,
        of_class: Vec::new(),
        answered: Vec::new(),
    };
    let mut delays = observed
        .events
        .iter()
        .filter(|event| event.kind == EventKind::Retry)
        .map(|event| event.delay.expect("a retry has a delay"));
    let mut ended = observed
        .events
        .iter()
        .filter(|event| event.kind == EventKind::AttemptEnded);
    let outcome = &observed.outcome;
    let stop = loop {
        // B1 and B2: an abort in an attempt is seen after it, and no delay reaches the deadline.
        assert_eq!(
            observed.starts.get(reading.failures as usize),
            Some(&reading.now)
        );
        let end = reading.attempt();
        let failure = match end {
            End::Success => break None,
            End::Failure(classification, cause) => (classification.class, cause),
            End::CutByDeadline => (ErrorClass::Transient, Cause::Timeout),
        };
        let told = ended.next().and_then(|it| Some((it.class?, it.cause?)));
        assert_eq!(told, Some(failure));
        let (least, most) = match reading.after(end) {
            Ok(bounds) => bounds,
            Err(reason) => break Some(reason),
        };
        let refusal = scenario.refused_after;
        let refusal = refusal.filter(|(after, _)| *after == reading.failures);
        let delay = match refusal {
            Some(_) => outcome.next_delay(),
            None => delays.next(),
        };
        // F7
        if let Some(remaining) = reading.remaining() {
            if least >= remaining {
                break Some(StopReason::DeadlineExceeded);
            }
            // The jitter may have gone either way: then it is known from whether the call went on.
            let refused = outcome.stop_reason() == Some(StopReason::Aborted);
            if most >= remaining && delay.is_none() && !refused {
                break Some(StopReason::DeadlineExceeded);
            }
        }
        // F10
        if let Some((_, SleepDecision::Abort)) = refusal {
            break Some(StopReason::Aborted);
        }
        let delay = delay.expect("the call goes on");
        assert!(
            least <= delay && delay <= most,
            "{least:?} <= {delay:?} <= {most:?}"
        );
        if let Some(remaining) = reading.remaining() {
            assert!(delay < remaining, "{delay:?} < {remaining:?}");
        }
        if refusal.is_some() {
            break Some(StopReason::Scheduled);
        }
        // F11
        reading.pass(delay);
    };
    assert_eq!(outcome.stop_reason(), stop);
    assert_eq!(outcome.is_success(), stop.is_none());
    let attempts = reading.failures + u32::from(stop.is_none());
    assert_eq!(outcome.attempts(), attempts);
    assert_eq!(observed.starts.len(), attempts as usize);
    assert_eq!(delays.next(), None);
    assert_eq!(observed.ended, reading.now);
    assert_eq!(outcome.elapsed(), reading.now);
    assert_eq!(outcome.last_class(), reading.of_class.last().copied());
}

/// What holds whatever the tables say.
fn assert_always(scenario: &Scenario, observed: &Observed) {
    let (plan, events) = (&scenario.plan, &observed.events);
    let attempts = observed.outcome.attempts();
    assert!(plan.attempts.is_none_or(|allowed| attempts <= allowed));

    let ended: Vec<_> = events
        .iter()
        .filter(|event| event.kind == EventKind::AttemptEnded)
        .collect();
    for (class, rule) in &plan.rules {
        let count = ended.iter().filter(|it| it.class == Some(*class)).count();
        match rule {
            Rule::Never => assert!(count <= 1),
            Rule::Of { cap: Some(cap), .. } => assert!(count <= *cap as usize),
            Rule::Of { .. } => {}
        }
    }

    // No sleep reaches the deadline.
    for retry in events.iter().filter(|it| it.kind == EventKind::Retry) {
        let delay = retry.delay.expect("a retry has a delay");
        if let Some(deadline) = plan.deadline {
            assert!(retry.elapsed.saturating_add(delay) < deadline);
        }
    }

    // The last attempt neither sleeps nor announces a retry.
    let (terminal, before) = events.split_last().expect("there are events");
    assert!(terminal.kind.is_terminal());
    assert!(!before.iter().any(|event| event.kind.is_terminal()));
    assert_eq!(terminal.attempt, attempts);
    assert_eq!(terminal.stop_reason, observed.outcome.stop_reason());
    assert_eq!(terminal.elapsed, observed.ended);
    let last = ended.last().expect("an attempt has ended");
    assert_eq!(last.elapsed, observed.ended, "nothing was slept after it");
    let retries = events
        .iter()
        .filter(|it| it.kind == EventKind::Retry)
        .count();
    assert_eq!(retries, attempts as usize - 1);
    assert_eq!(ended.len(), attempts as usize);
}

/// Slices of 50 ms make centuries long: an abort that has to be looked at needs short delays.
fn tame(mut scenario: Scenario) -> Scenario {
    scenario.aborted_in = None;
    scenario
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_blocking_call_goes_by_the_tables(scenario in any_scenario(short())) {
        let observed = run_blocking(&scenario);
        assert_always(&scenario, &observed);
        assert_by_the_tables(&scenario, &observed, false);
    }

    #[test]
    fn a_blocking_call_goes_by_the_tables_at_the_extremes(scenario in any_scenario(any_duration()).prop_map(tame)) {
        let observed = run_blocking(&scenario);
        assert_always(&scenario, &observed);
        assert_by_the_tables(&scenario, &observed, false);
    }

    #[test]
    fn an_async_call_goes_by_the_tables(scenario in any_scenario(short())) {
        let observed = run_async(&scenario);
        assert_always(&scenario, &observed);
        assert_by_the_tables(&scenario, &observed, true);
    }

    #[test]
    fn an_async_call_goes_by_the_tables_at_the_extremes(scenario in any_scenario(any_duration()).prop_map(tame)) {
        let observed = run_async(&scenario);
        assert_always(&scenario, &observed);
        assert_by_the_tables(&scenario, &observed, true);
    }

    #[test]
    fn without_attempt_timeouts_both_drivers_do_the_same(scenario in any_scenario(any_duration()).prop_map(tame)) {
        let mut scenario = scenario;
        scenario.plan.timeout = None;
        let (blocking, asynchronous) = (run_blocking(&scenario), run_async(&scenario));
        assert_eq!(blocking.events, asynchronous.events);
        assert_eq!(blocking.starts, asynchronous.starts);
        assert_eq!(blocking.ended, asynchronous.ended);
    }
}

#[cfg(feature = "tokio")]
mod on_tokio {
    use super::*;
    use crate::support::on_tokio;

    /// Runs a scenario on tokio's paused time, with its own timer and clock.
    fn run_on_tokio(scenario: &Scenario) -> (Vec<RecordedEvent>, Outcome<bool, Failure>) {
        on_tokio(async {
            let recorder = Recorder::new();
            let policy = scenario.plan.policy();
            let call = policy
                .call("test")
                .seed(scenario.seed)
                .observe(&recorder)
                .retry_until(|value: &bool| *value);
            let steps = RefCell::new(scenario.steps.iter());
            let outcome = call
                .execute(async || {
                    let step = steps.borrow_mut().next().expect("the last one succeeds");
                    if !step.takes.is_zero() {
                        tokio::time::sleep(step.takes).await;
                    }
                    match step.gives {
                        Ok(value) => Ok(value),
                        Err((class, None)) => Err(Failure::Of(class)),
                        Err((class, Some(hint))) => Err(Failure::Hint(class, hint)),
                    }
                })
                .await;
            (recorder.events(), outcome)
        })
    }

    /// Tokio's timer rounds up to milliseconds, so a moment may differ by one for each wait.
    fn rounded(scenario: Scenario) -> Scenario {
        let mut scenario = tame(scenario);
        scenario.refused_after = None;
        scenario.plan.deadline = None;
        scenario.plan.timeout = None;
        scenario
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_call_on_tokios_time_does_what_a_blocking_one_does(scenario in any_scenario(short()).prop_map(rounded)) {
            let blocking = run_blocking(&scenario);
            let (events, outcome) = run_on_tokio(&scenario);
            let told = |events: &[RecordedEvent]| -> Vec<_> {
                events
                    .iter()
                    .map(|it| (it.kind, it.attempt, it.class, it.cause, it.delay))
                    .collect()
            };
            assert_eq!(told(&events), told(&blocking.events));
            assert_eq!(outcome.stop_reason(), blocking.outcome.stop_reason());
            let waits = 2 * u64::from(outcome.attempts());
            assert!(outcome.elapsed() >= blocking.ended);
            assert!(outcome.elapsed() <= blocking.ended + millis(waits));
        }
    }
}
