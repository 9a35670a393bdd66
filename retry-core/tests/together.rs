//! Retries, a circuit, a budget and a bulkhead together: calls that overlap on one clock, against a plain reading of the order of checks.
//!
//! Time goes in steps of half a second, the width of the slices that a budget by ratio counts in; so its window is exact here.

mod support;

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use retry_core::testing::ManualClock;
use retry_core::time::Wait;
use retry_core::{
    AbortSignal, Backoff, Budget, Bulkhead, CircuitBreaker, CircuitState, ClassRule, ErrorClass,
    Outcome, Policy, RetryAfter, Sleep, SleepDecision, StopReason,
};
use support::{Failure, guarded, millis};

/// Half seconds.
type Ticks = u32;

const TICK: Duration = millis(500);
/// The 10 seconds of a budget by ratio.
const SPAN: Ticks = 20;

fn time(ticks: Ticks) -> Duration {
    TICK * ticks
}

fn few(count: usize) -> u32 {
    u32::try_from(count).expect("there are few of everything")
}

// What is drawn.

#[derive(Clone, Debug)]
struct CircuitPlan {
    consecutive: Option<u32>,
    failures: Option<(u32, Ticks)>,
    open_for: Ticks,
    /// Doubles up to this.
    growing: Option<Ticks>,
    honor: bool,
    probes: u32,
    successes: u32,
    probe_timeout: Ticks,
    per_call: bool,
}

#[derive(Clone, Debug)]
enum BudgetPlan {
    Ratio {
        tenths: u32,
        floor: u32,
    },
    Window {
        retries: u32,
        window: Ticks,
    },
    Bucket {
        capacity: u32,
        cost: u32,
        refund: u32,
    },
}

#[derive(Clone, Debug)]
struct BulkheadPlan {
    places: u32,
    wait: Ticks,
    queue: u32,
    contention_after: Ticks,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    takes: Ticks,
    fails: Option<(ErrorClass, Option<Ticks>)>,
}

#[derive(Clone, Debug)]
struct CallPlan {
    starts: Ticks,
    attempts: u32,
    /// The cap of `RateLimit`.
    cap: Option<u32>,
    backoff: Option<Ticks>,
    deadline: Option<Ticks>,
    timeout: Option<Ticks>,
    /// How long a hint is waited for, if it is honoured. Hints are longer, so that their jitter is cut.
    hint: Option<Ticks>,
    /// The last one again and again.
    steps: Vec<Step>,
    aborted_at: Option<Ticks>,
    dropped_at: Option<Ticks>,
    refused_after: Option<(u32, SleepDecision)>,
}

/// What happens one after the other.
#[derive(Clone, Debug)]
enum Scene {
    /// Async calls that overlap.
    Together(Vec<CallPlan>),
    /// A blocking one, while somebody else may be inside the bulkhead.
    Blocking(CallPlan, bool),
    Pause(Ticks),
}

#[derive(Clone, Debug)]
struct Play {
    circuit: Option<CircuitPlan>,
    budget: Option<BudgetPlan>,
    bulkhead: Option<BulkheadPlan>,
    scenes: Vec<Scene>,
}

fn any_circuit() -> impl Strategy<Value = CircuitPlan> {
    (
        option::of(1_u32..4),
        option::of((1_u32..4, 1_u32..12)),
        1_u32..8,
        option::weighted(0.3, 1_u32..20),
        any::<bool>(),
        1_u32..3,
        1_u32..4,
        prop_oneof![1 => 1_u32..6, 1 => Just(120)],
        prop::bool::weighted(0.3),
    )
        .prop_map(
            |(
                consecutive,
                failures,
                open_for,
                growing,
                honor,
                probes,
                successes,
                probe_timeout,
                per_call,
            )| {
                CircuitPlan {
                    consecutive,
                    failures,
                    open_for,
                    growing,
                    honor,
                    probes,
                    successes,
                    probe_timeout,
                    per_call,
                }
            },
        )
}

fn any_budget() -> impl Strategy<Value = BudgetPlan> {
    prop_oneof![
        (1_u32..12, prop_oneof![3 => Just(0_u32), 1 => Just(1)])
            .prop_map(|(tenths, floor)| BudgetPlan::Ratio { tenths, floor }),
        (1_u32..6, 1_u32..20).prop_map(|(retries, window)| BudgetPlan::Window { retries, window }),
        (1_u32..12, 0_u32..5, 1_u32..3).prop_map(|(capacity, cost, refund)| BudgetPlan::Bucket {
            capacity,
            cost: cost.min(capacity),
            refund
        }),
    ]
}

fn any_bulkhead() -> impl Strategy<Value = BulkheadPlan> {
    (1_u32..4, 0_u32..8, 0_u32..4, 0_u32..4).prop_map(|(places, wait, queue, contention_after)| {
        BulkheadPlan {
            places,
            wait,
            queue,
            contention_after,
        }
    })
}

fn any_step() -> impl Strategy<Value = Step> {
    let class = prop_oneof![
        4 => Just(ErrorClass::Transient),
        2 => Just(ErrorClass::ServerError),
        2 => Just(ErrorClass::RateLimit),
        1 => Just(ErrorClass::Concurrency),
        1 => Just(ErrorClass::Permanent),
    ];
    let fails = option::weighted(0.7, (class, option::weighted(0.2, 6_u32..12)));
    (prop_oneof![1 => Just(0), 2 => 1_u32..6], fails)
        .prop_map(|(takes, fails)| Step { takes, fails })
}

fn any_call() -> impl Strategy<Value = CallPlan> {
    let refusal = proptest::sample::select(&[SleepDecision::Defer, SleepDecision::Abort][..]);
    (
        (0_u32..6, 1_u32..6, option::weighted(0.3, 1_u32..3)),
        option::weighted(0.9, 0_u32..4),
        option::weighted(0.4, 1_u32..16),
        option::weighted(0.4, 1_u32..6),
        option::weighted(0.7, 1_u32..6),
        vec(any_step(), 1..6),
        option::weighted(0.15, 0_u32..16),
        option::weighted(0.15, 0_u32..16),
        option::weighted(0.1, (1_u32..4, refusal)),
    )
        .prop_map(
            |(
                (starts, attempts, cap),
                backoff,
                deadline,
                timeout,
                hint,
                steps,
                aborted_at,
                dropped_at,
                refused_after,
            )| {
                CallPlan {
                    starts,
                    attempts,
                    cap,
                    backoff,
                    deadline,
                    timeout,
                    hint,
                    steps,
                    aborted_at,
                    dropped_at,
                    refused_after,
                }
            },
        )
}

fn any_play() -> impl Strategy<Value = Play> {
    let scene = prop_oneof![
        4 => vec(any_call(), 1..7).prop_map(Scene::Together),
        2 => (any_call(), prop::bool::weighted(0.3)).prop_map(|(call, taken)| Scene::Blocking(call, taken)),
        1 => (0_u32..24).prop_map(Scene::Pause),
    ];
    (
        option::weighted(0.85, any_circuit()),
        option::weighted(0.8, any_budget()),
        option::weighted(0.8, any_bulkhead()),
        vec(scene, 1..6),
    )
        .prop_filter("a call without guards has another type", |it| {
            it.0.is_some() || it.1.is_some() || it.2.is_some()
        })
        .prop_map(|(circuit, budget, bulkhead, scenes)| Play {
            circuit,
            budget,
            bulkhead,
            scenes,
        })
}

// What they are made into.

impl CircuitPlan {
    fn build(&self) -> CircuitBreaker {
        let mut breaker = CircuitBreaker::new("payments")
            .open_for(time(self.open_for))
            .probes(self.probes)
            .successes(self.successes)
            .probe_timeout(time(self.probe_timeout));
        if let Some(count) = self.consecutive {
            breaker = breaker.consecutive(count);
        }
        if let Some((count, window)) = self.failures {
            breaker = breaker.failures(count, time(window));
        }
        if let Some(most) = self.growing {
            breaker = breaker.growing(2.0, time(most));
        }
        if !self.honor {
            breaker = breaker.retry_after(RetryAfter::Ignore);
        }
        if self.per_call {
            breaker = breaker.per_call();
        }
        breaker
    }
}

impl BudgetPlan {
    fn build(&self) -> Budget {
        let budget = Budget::new("payments");
        match *self {
            Self::Ratio { tenths, floor } => budget.ratio(f64::from(tenths) / 10.0).floor(floor),
            Self::Window { retries, window } => budget.per_window(retries, time(window)),
            Self::Bucket {
                capacity,
                cost,
                refund,
            } => [
                ErrorClass::Transient,
                ErrorClass::ServerError,
                ErrorClass::RateLimit,
                ErrorClass::Concurrency,
                ErrorClass::Unknown,
            ]
            .into_iter()
            .fold(budget.token_bucket(capacity), |budget, class| {
                budget.cost(class, cost)
            })
            .refund(refund),
        }
    }
}

impl BulkheadPlan {
    fn build(&self) -> Bulkhead {
        Bulkhead::new("pool", self.places)
            .wait(time(self.wait))
            .queue(self.queue)
            .contention_after(time(self.contention_after))
    }
}

impl CallPlan {
    fn policy(&self) -> Policy {
        let mut policy = Policy::new().attempts(self.attempts);
        policy = match self.backoff {
            Some(delay) => policy.backoff(Backoff::fixed(time(delay))),
            None => policy.no_backoff(),
        };
        if let Some(cap) = self.cap {
            policy = policy.class(ErrorClass::RateLimit, ClassRule::new().attempts(cap));
        }
        if let Some(deadline) = self.deadline {
            policy = policy.deadline(time(deadline));
        }
        if let Some(timeout) = self.timeout {
            policy = policy.attempt_timeout(time(timeout));
        }
        match self.hint {
            Some(longest) => policy.retry_after_max(time(longest)),
            None => policy.retry_after(RetryAfter::Ignore),
        }
    }

    fn step(&self, attempt: usize) -> Step {
        self.steps[attempt.min(self.steps.len() - 1)]
    }

    fn decide(&self, failure: u32) -> SleepDecision {
        match self.refused_after {
            Some((after, decision)) if after == failure => decision,
            _ => SleepDecision::Sleep,
        }
    }
}

impl Step {
    fn result(self) -> Result<(), Failure> {
        match self.fails {
            None => Ok(()),
            Some((class, None)) => Err(Failure::Of(class)),
            Some((class, Some(hint))) => Err(Failure::Hint(class, time(hint))),
        }
    }
}

// What has to come of it: design §5, row by row, without a look at the engine or the guards.

#[derive(Clone, Debug)]
struct Circuit {
    plan: CircuitPlan,
    phase: Phase,
    era: u32,
    openings: u32,
    rejected: u64,
}

#[derive(Clone, Debug)]
enum Phase {
    Closed {
        streak: u32,
        failures: Vec<Ticks>,
    },
    Open {
        since: Ticks,
        lasts: Ticks,
    },
    HalfOpen {
        probes: Vec<(u32, Ticks)>,
        next: u32,
        successes: u32,
    },
}

const CLOSED: Phase = Phase::Closed {
    streak: 0,
    failures: Vec::new(),
};

/// The era that it is of, and which probe.
type Pass = (u32, Option<u32>);

impl Circuit {
    fn become_phase(&mut self, phase: Phase) {
        self.era += 1;
        self.phase = phase;
    }

    /// How long it stays open, if it is.
    fn is_shut(&mut self, now: Ticks) -> Option<Ticks> {
        let Phase::Open { since, lasts } = self.phase else {
            return None;
        };
        let left = (since + lasts).saturating_sub(now);
        if left > 0 {
            self.rejected += 1;
        }
        (left > 0).then_some(left)
    }

    fn enter(&mut self, now: Ticks) -> Result<Pass, Option<Ticks>> {
        if let Some(left) = self.is_shut(now) {
            return Err(Some(left));
        }
        if matches!(self.phase, Phase::Open { .. }) {
            self.become_phase(Phase::HalfOpen {
                probes: Vec::new(),
                next: 0,
                successes: 0,
            });
        }
        let Phase::HalfOpen {
            probes,
            next,
            successes,
        } = &mut self.phase
        else {
            return Ok((self.era, None));
        };
        probes.retain(|(_, since)| now - since < self.plan.probe_timeout);
        let under_way = few(probes.len());
        let useful = self.plan.probes.max(self.plan.successes);
        if under_way == self.plan.probes || under_way + *successes >= useful {
            self.rejected += 1;
            return Err(None);
        }
        *next += 1;
        probes.push((*next, now));
        Ok((self.era, Some(*next)))
    }

    /// Whether the permit still counts; a probe's place is free again.
    fn give_back(&mut self, (era, probe): Pass) -> bool {
        if era != self.era {
            return false;
        }
        let (Phase::HalfOpen { probes, .. }, Some(number)) = (&mut self.phase, probe) else {
            return true;
        };
        let before = probes.len();
        probes.retain(|(other, _)| *other != number);
        probes.len() < before
    }

    fn succeed(&mut self, pass: Pass) {
        if !self.give_back(pass) {
            return;
        }
        match &mut self.phase {
            Phase::Closed { streak, .. } => *streak = 0,
            Phase::HalfOpen { successes, .. } => {
                *successes += 1;
                if *successes == self.plan.successes {
                    self.openings = 0;
                    self.become_phase(CLOSED);
                }
            }
            Phase::Open { .. } => unreachable!("nobody passes"),
        }
    }

    fn fail(&mut self, pass: Pass, class: ErrorClass, hint: Option<Ticks>, now: Ticks) {
        let counts = matches!(class, ErrorClass::Transient | ErrorClass::ServerError);
        if !self.give_back(pass) || !counts {
            return;
        }
        if let Phase::Closed { streak, failures } = &mut self.phase {
            *streak += 1;
            failures.push(now);
            let recent = |window| few(failures.iter().filter(|at| now - **at < window).count());
            let many = |(count, window)| recent(window) >= count;
            let in_a_row = match (self.plan.consecutive, self.plan.failures) {
                (None, None) => Some(5),
                (consecutive, _) => consecutive,
            };
            let trips = self.plan.failures.is_some_and(many)
                || in_a_row.is_some_and(|count| *streak >= count);
            if !trips {
                return;
            }
        }
        let mut lasts = self.plan.open_for;
        if let Some(most) = self.plan.growing {
            lasts = (lasts << self.openings.min(10)).min(most.max(lasts));
        }
        if self.plan.honor {
            lasts = lasts.max(hint.unwrap_or(0));
        }
        self.openings += 1;
        self.become_phase(Phase::Open { since: now, lasts });
    }
}

#[derive(Clone, Debug)]
struct Tokens {
    plan: BudgetPlan,
    first_attempts: Vec<Ticks>,
    retries: Vec<(u64, Ticks)>,
    missing: u32,
    allowed: u64,
    refused: u64,
    given_back: u64,
}

impl Tokens {
    fn remaining(&self, now: Ticks) -> u64 {
        let within = |span: Ticks| move |at: Ticks| now - at < span;
        let retries = |span| {
            let recent = within(span);
            self.retries.iter().filter(|(_, at)| recent(*at)).count() as u64
        };
        match self.plan {
            BudgetPlan::Ratio { tenths, floor } => {
                let recent = within(SPAN);
                let calls = self.first_attempts.iter().filter(|at| recent(**at)).count() as u64;
                let allowed = (calls * u64::from(tenths) / 10).max(10 * u64::from(floor));
                allowed.saturating_sub(retries(SPAN))
            }
            BudgetPlan::Window {
                retries: most,
                window,
            } => u64::from(most) - retries(window),
            BudgetPlan::Bucket { cost: 0, .. } => u64::MAX,
            BudgetPlan::Bucket { capacity, cost, .. } => ((capacity - self.missing) / cost).into(),
        }
    }

    fn withdraw(&mut self, now: Ticks) -> Option<u64> {
        if self.remaining(now) == 0 {
            self.refused += 1;
            return None;
        }
        self.allowed += 1;
        self.retries.push((self.allowed, now));
        if let BudgetPlan::Bucket { cost, .. } = self.plan {
            self.missing += cost;
        }
        Some(self.allowed)
    }

    fn give_back(&mut self, number: u64) {
        self.given_back += 1;
        self.retries.retain(|(other, _)| *other != number);
        if let BudgetPlan::Bucket { cost, .. } = self.plan {
            self.missing = self.missing.saturating_sub(cost);
        }
    }

    fn succeed(&mut self) {
        if let BudgetPlan::Bucket { refund, .. } = self.plan {
            self.missing = self.missing.saturating_sub(refund);
        }
    }
}

#[derive(Clone, Debug)]
struct Pool {
    plan: BulkheadPlan,
    in_use: u32,
    /// Who waits, by call.
    queue: VecDeque<usize>,
    /// Whose permit waits for him.
    granted: Vec<usize>,
    acquired: u64,
    rejected: u64,
    timed_out: u64,
    given_up: u64,
    contended: u64,
}

impl Pool {
    fn leave(&mut self) {
        match self.queue.pop_front() {
            Some(next) => self.granted.push(next),
            None => self.in_use -= 1,
        }
    }

    fn wait_ends(&mut self, since: Ticks, now: Ticks) {
        self.contended += u64::from(now - since > self.plan.contention_after);
    }

    /// Somebody does not wait any more.
    fn give_up(&mut self, call: usize) {
        if self.granted.contains(&call) {
            self.granted.retain(|other| *other != call);
            self.leave();
        }
        self.queue.retain(|other| *other != call);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Due,
    Queued {
        since: Ticks,
        until: Ticks,
        late: bool,
    },
    Running {
        ends: Ticks,
        cut: Option<(Ticks, bool)>,
    },
    Sleeping {
        until: Ticks,
    },
    Ended(Option<StopReason>, Option<Ticks>),
    Gone,
}

#[derive(Clone, Debug)]
struct Caller {
    plan: CallPlan,
    /// Whether attempts are cut.
    cuts: bool,
    stage: Stage,
    started: Ticks,
    elapsed: Ticks,
    aborted: bool,
    failures: Vec<ErrorClass>,
    attempts: u32,
    pass: Option<Pass>,
    inside: bool,
    token: Option<u64>,
}

impl Caller {
    fn new(plan: &CallPlan, cuts: bool) -> Self {
        Self {
            plan: plan.clone(),
            cuts,
            stage: Stage::Due,
            started: 0,
            elapsed: 0,
            aborted: false,
            failures: Vec::new(),
            attempts: 0,
            pass: None,
            inside: false,
            token: None,
        }
    }
}

/// Everything at a moment.
#[derive(Clone, Debug)]
struct Reading {
    now: Ticks,
    circuit: Option<Circuit>,
    budget: Option<Tokens>,
    pool: Option<Pool>,
    callers: Vec<Caller>,
}

impl Reading {
    fn new(play: &Play) -> Self {
        Self {
            now: 0,
            circuit: play.circuit.clone().map(|plan| Circuit {
                plan,
                phase: CLOSED,
                era: 0,
                openings: 0,
                rejected: 0,
            }),
            budget: play.budget.clone().map(|plan| Tokens {
                plan,
                first_attempts: Vec::new(),
                retries: Vec::new(),
                missing: 0,
                allowed: 0,
                refused: 0,
                given_back: 0,
            }),
            pool: play.bulkhead.clone().map(|plan| Pool {
                plan,
                in_use: 0,
                queue: VecDeque::new(),
                granted: Vec::new(),
                acquired: 0,
                rejected: 0,
                timed_out: 0,
                given_up: 0,
                contended: 0,
            }),
            callers: Vec::new(),
        }
    }

    /// Gives back whatever a call holds, without a word.
    fn release(&mut self, call: usize) {
        let caller = &mut self.callers[call];
        if let Some((pass, circuit)) = caller.pass.take().zip(self.circuit.as_mut()) {
            circuit.give_back(pass);
        }
        if let Some((token, budget)) = caller.token.take().zip(self.budget.as_mut()) {
            budget.give_back(token);
        }
        if std::mem::take(&mut caller.inside) {
            self.pool.as_mut().expect("it is inside").leave();
        }
    }

    /// The future is dropped.
    fn drop_call(&mut self, call: usize) {
        if let (Stage::Queued { since, .. }, Some(pool)) =
            (self.callers[call].stage, self.pool.as_mut())
        {
            pool.give_up(call);
            pool.given_up += 1;
            pool.wait_ends(since, self.now);
        }
        self.release(call);
        self.callers[call].stage = Stage::Gone;
    }

    fn stop(&mut self, call: usize, reason: StopReason, next_delay: Option<Ticks>) {
        self.release(call);
        self.end(call, Some(reason), next_delay);
    }

    fn end(&mut self, call: usize, reason: Option<StopReason>, next_delay: Option<Ticks>) {
        let caller = &mut self.callers[call];
        caller.elapsed = self.now - caller.started;
        caller.stage = Stage::Ended(reason, next_delay);
    }

    /// Lets a call go on as far as it can; whether it did anything.
    fn go_on(&mut self, call: usize) -> bool {
        let mut moved = false;
        loop {
            let caller = &self.callers[call];
            let has_place = |pool: &Pool| pool.granted.contains(&call);
            match caller.stage {
                Stage::Due => self.callers[call].started = self.now,
                Stage::Queued { until, .. }
                    if caller.aborted
                        || self.now >= until
                        || self.pool.as_ref().is_some_and(has_place) => {}
                Stage::Sleeping { until } if caller.aborted || self.now >= until => {}
                Stage::Running { ends, .. } if self.now >= ends => {
                    let step = caller.plan.step(caller.failures.len());
                    match step.fails {
                        None => self.succeed(call),
                        Some((class, hint)) => self.fail(call, class, hint, false),
                    }
                    moved = true;
                    continue;
                }
                Stage::Running {
                    cut: Some((at, by_deadline)),
                    ..
                } if self.now >= at => {
                    self.fail(call, ErrorClass::Transient, None, by_deadline);
                    moved = true;
                    continue;
                }
                Stage::Queued { .. }
                | Stage::Sleeping { .. }
                | Stage::Running { .. }
                | Stage::Ended(..)
                | Stage::Gone => return moved,
            }
            self.before_attempt(call);
            moved = true;
        }
    }

    fn remaining(&self, call: usize) -> Option<Ticks> {
        let caller = &self.callers[call];
        let deadline = caller.plan.deadline?;
        Some((caller.started + deadline).saturating_sub(self.now))
    }

    fn before_attempt(&mut self, call: usize) {
        let (now, remaining) = (self.now, self.remaining(call));
        let first = self.callers[call].failures.is_empty();
        // Whoever has waited does not any more, whatever comes of it. He may have got his place without being able to use it.
        let mut waited = None;
        if let (Stage::Queued { since, late, .. }, Some(pool)) =
            (self.callers[call].stage, self.pool.as_mut())
        {
            let got_it = pool.granted.contains(&call);
            if got_it {
                pool.granted.retain(|other| *other != call);
                pool.acquired += 1;
                self.callers[call].inside = true;
            } else {
                pool.give_up(call);
            }
            pool.wait_ends(since, now);
            waited = Some((got_it, late));
        }
        let gives_up = |pool: &mut Option<Pool>| {
            if let (Some((false, _)), Some(pool)) = (waited, pool) {
                pool.given_up += 1;
            }
        };
        // B1
        if self.callers[call].aborted {
            gives_up(&mut self.pool);
            return self.stop(call, StopReason::Aborted, None);
        }
        // B2
        if !first && remaining == Some(0) {
            gives_up(&mut self.pool);
            return self.stop(call, StopReason::DeadlineExceeded, None);
        }
        // B3
        if let Some(left) = self.circuit.as_mut().and_then(|it| it.is_shut(now)) {
            gives_up(&mut self.pool);
            return self.stop(call, StopReason::CircuitOpen, Some(left));
        }
        // B4
        if let Some(pool) = self.pool.as_mut() {
            match waited {
                Some((true, _)) => {}
                Some((false, true)) => {
                    pool.given_up += 1;
                    return self.stop(call, StopReason::DeadlineExceeded, None);
                }
                Some((false, false)) => {
                    pool.timed_out += 1;
                    return self.stop(call, StopReason::BulkheadFull, None);
                }
                None if pool.in_use < pool.plan.places && pool.queue.is_empty() => {
                    pool.in_use += 1;
                    pool.acquired += 1;
                    self.callers[call].inside = true;
                }
                None if pool.plan.wait > 0 && few(pool.queue.len()) < pool.plan.queue => {
                    pool.queue.push_back(call);
                    let wait = pool.plan.wait;
                    self.callers[call].stage = Stage::Queued {
                        since: now,
                        until: now + remaining.map_or(wait, |remaining| remaining.min(wait)),
                        late: remaining.is_some_and(|remaining| remaining <= wait),
                    };
                    return;
                }
                None => {
                    pool.rejected += 1;
                    return self.stop(call, StopReason::BulkheadFull, None);
                }
            }
        }
        // B5
        match self.circuit.as_mut().map(|circuit| circuit.enter(now)) {
            None => {}
            Some(Ok(pass)) => self.callers[call].pass = Some(pass),
            Some(Err(left)) => return self.stop(call, StopReason::CircuitOpen, left),
        }
        // B6
        let caller = &mut self.callers[call];
        caller.token = None;
        caller.attempts += 1;
        if let Some(budget) = self.budget.as_mut().filter(|_| first) {
            budget.first_attempts.push(now);
        }
        let cut = caller.plan.timeout.filter(|_| caller.cuts).map(|timeout| {
            let by_deadline = remaining.is_some_and(|remaining| remaining <= timeout);
            let left = remaining.map_or(timeout, |remaining| remaining.min(timeout));
            (now + left, by_deadline)
        });
        let ends = now + caller.plan.step(caller.failures.len()).takes;
        caller.stage = Stage::Running { ends, cut };
    }

    fn succeed(&mut self, call: usize) {
        let caller = &mut self.callers[call];
        if let Some(budget) = self.budget.as_mut() {
            budget.succeed();
        }
        if let Some((pass, circuit)) = caller.pass.take().zip(self.circuit.as_mut()) {
            circuit.succeed(pass);
        }
        self.release(call);
        self.end(call, None, None);
    }

    fn fail(&mut self, call: usize, class: ErrorClass, hint: Option<Ticks>, by_deadline: bool) {
        let caller = &mut self.callers[call];
        if std::mem::take(&mut caller.inside) {
            self.pool.as_mut().expect("it is inside").leave();
        }
        let per_call = self.circuit.as_ref().is_some_and(|it| it.plan.per_call);
        if let Some(circuit) = self.circuit.as_mut().filter(|_| !per_call) {
            let pass = caller.pass.take().expect("it has passed");
            circuit.fail(pass, class, hint, self.now);
        }
        caller.failures.push(class);
        let answer = self.after_failure(call, class, hint, by_deadline);
        let caller = &mut self.callers[call];
        if let Some((pass, circuit)) = caller.pass.take().zip(self.circuit.as_mut()) {
            match answer {
                Ok(_) => _ = circuit.give_back(pass),
                Err(_) => circuit.fail(pass, class, hint, self.now),
            }
        }
        match answer {
            Ok(delay) => {
                caller.stage = Stage::Sleeping {
                    until: self.now + delay,
                }
            }
            Err((reason, next_delay)) => self.stop(call, reason, next_delay),
        }
    }

    /// The delay, or why there is none.
    fn after_failure(
        &mut self,
        call: usize,
        class: ErrorClass,
        hint: Option<Ticks>,
        by_deadline: bool,
    ) -> Result<Ticks, (StopReason, Option<Ticks>)> {
        let remaining = self.remaining(call);
        let caller = &mut self.callers[call];
        let plan = &caller.plan;
        let failures = few(caller.failures.len());
        let of_class = few(caller.failures.iter().filter(|it| **it == class).count());
        // F1
        if caller.aborted {
            return Err((StopReason::Aborted, None));
        }
        if by_deadline {
            return Err((StopReason::DeadlineExceeded, None));
        }
        // F2
        if class == ErrorClass::Permanent {
            return Err((StopReason::NonRetryableClass, None));
        }
        // F3
        if class == ErrorClass::RateLimit && plan.cap.is_some_and(|cap| of_class == cap) {
            return Err((StopReason::MaxAttemptsPerClass, None));
        }
        // F4
        if failures == plan.attempts {
            return Err((StopReason::MaxAttemptsGlobal, None));
        }
        // F5, F6
        let delay = match (hint, plan.hint, plan.backoff) {
            (Some(_), Some(longest), _) => longest,
            (_, _, Some(delay)) => delay,
            (_, _, None) => return Err((StopReason::NoStrategy, None)),
        };
        // F7
        if remaining.is_some_and(|remaining| delay >= remaining) {
            return Err((StopReason::DeadlineExceeded, None));
        }
        // F8
        if let Some(left) = self.circuit.as_mut().and_then(|it| it.is_shut(self.now)) {
            return Err((StopReason::CircuitOpen, Some(left)));
        }
        // F9
        if let Some(budget) = self.budget.as_mut() {
            caller.token = budget.withdraw(self.now);
            if caller.token.is_none() {
                return Err((StopReason::BudgetExhausted, None));
            }
        }
        // F10, F11
        match plan.decide(failures) {
            SleepDecision::Sleep => Ok(delay),
            SleepDecision::Defer => Err((StopReason::Scheduled, Some(delay))),
            SleepDecision::Abort => Err((StopReason::Aborted, None)),
        }
    }
}

// How it is run.

/// Sleeps on a clock that moves only by hand.
#[derive(Default)]
struct Hand {
    clock: ManualClock,
    alarms: Mutex<Vec<(Duration, Waker)>>,
}

impl Hand {
    fn tick(&self) {
        self.clock.advance(TICK);
        let now = self.clock.elapsed();
        let mut alarms = self.alarms.lock().expect("no panic while locked");
        let (due, rest): (Vec<_>, Vec<_>) = alarms.drain(..).partition(|(until, _)| *until <= now);
        *alarms = rest;
        drop(alarms);
        for (_, waker) in due {
            waker.wake();
        }
    }
}

impl Sleep for Hand {
    fn sleep(&self, duration: Duration) -> Wait<'_> {
        let until = self.clock.elapsed() + duration;
        Box::pin(poll_fn(move |context| {
            if self.clock.elapsed() >= until {
                return Poll::Ready(());
            }
            let mut alarms = self.alarms.lock().expect("no panic while locked");
            alarms.push((until, context.waker().clone()));
            Poll::Pending
        }))
    }

    fn sleep_blocking(&self, duration: Duration) {
        self.clock.advance(duration);
    }
}

/// Whether a task has been woken.
#[derive(Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

type Ended = Outcome<(), Failure>;

type Running<'r> = Pin<Box<dyn Future<Output = Ended> + 'r>>;

/// The real guards, and what is expected of them.
struct Theatre {
    hand: Hand,
    circuit: Option<CircuitBreaker>,
    budget: Option<Budget>,
    bulkhead: Option<Bulkhead>,
    reading: Reading,
}

impl Theatre {
    fn new(play: &Play) -> Self {
        Self {
            hand: Hand::default(),
            circuit: play.circuit.as_ref().map(CircuitPlan::build),
            budget: play.budget.as_ref().map(BudgetPlan::build),
            bulkhead: play.bulkhead.as_ref().map(BulkheadPlan::build),
            reading: Reading::new(play),
        }
    }

    fn pass(&mut self) {
        self.hand.tick();
        self.reading.now += 1;
    }

    fn together(&mut self, plans: &[CallPlan]) {
        self.reading.callers = plans.iter().map(|plan| Caller::new(plan, true)).collect();
        let policies: Vec<_> = plans.iter().map(CallPlan::policy).collect();
        let signals: Vec<_> = plans.iter().map(|_| AbortSignal::new()).collect();
        let bells: Vec<_> = plans.iter().map(|_| Arc::new(Bell::default())).collect();
        let (hand, reading) = (&self.hand, &mut self.reading);
        let calls: Vec<_> = plans
            .iter()
            .zip(policies.iter().zip(&signals))
            .map(|(plan, (policy, signal))| {
                let call = policy
                    .call("test")
                    .sleeper(hand)
                    .on_sleep(|context, _| plan.decide(context.attempt));
                let call = guarded!(call, &self.circuit, &self.budget, &self.bulkhead);
                // Nobody looks at a call without an abort, so it takes the short way in.
                match plan.aborted_at {
                    Some(_) => call.abort(signal),
                    // Both have to be of one type.
                    None => call.seed(0),
                }
            })
            .collect();
        let mut futures: Vec<Option<Running<'_>>> = plans
            .iter()
            .zip(&calls)
            .map(|(plan, call)| {
                let mut attempts = 0;
                let run = call.execute(move || {
                    let step = plan.step(attempts);
                    attempts += 1;
                    async move {
                        if step.takes > 0 {
                            hand.sleep(time(step.takes)).await;
                        }
                        step.result()
                    }
                });
                Some(Box::pin(run) as Running<'_>)
            })
            .collect();
        let guards = (&self.circuit, &self.budget, &self.bulkhead);
        for tick in 0.. {
            assert!(tick < 10_000, "the calls do not end");
            for (index, plan) in plans.iter().enumerate() {
                if plan.dropped_at == Some(tick) && futures[index].take().is_some() {
                    reading.drop_call(index);
                }
                if plan.aborted_at == Some(tick) {
                    signals[index].abort();
                    reading.callers[index].aborted = true;
                }
                if plan.starts == tick {
                    bells[index].0.store(true, Ordering::Relaxed);
                }
            }
            assert_agree(guards, reading);
            while poll_the_woken(&mut futures, &bells, reading, guards) {}
            for (index, plan) in plans.iter().enumerate() {
                let stays = plan.starts > tick || !reading.go_on(index);
                assert!(stays, "call {index} was not woken");
            }
            if futures.iter().all(Option::is_none) {
                break;
            }
            hand.tick();
            reading.now += 1;
        }
    }

    fn blocking(&mut self, plan: &CallPlan, occupied: bool) {
        let policy = plan.policy();
        let hand = &self.hand;
        let ends_at = plan.aborted_at.map(|at| hand.clock.elapsed() + time(at));
        let aborted = || ends_at.is_some_and(|at| hand.clock.elapsed() >= at);
        let call = policy
            .call("test")
            .sleeper(hand)
            .on_sleep(|context, _| plan.decide(context.attempt));
        let call = guarded!(call, &self.circuit, &self.budget, &self.bulkhead);
        let call = match plan.aborted_at {
            Some(_) => call.abort(&aborted),
            None => call.seed(0),
        };
        let occupant = self.bulkhead.as_ref().filter(|_| occupied);
        let occupant = occupant.map(|it| it.try_acquire().expect("nobody is inside"));
        let mut attempts = 0;
        let outcome = call.execute_blocking(|| {
            let step = plan.step(attempts);
            attempts += 1;
            // So that the first attempt is dated before time passes.
            let _ = self.budget.as_ref().map(Budget::remaining);
            hand.clock.advance(time(step.takes));
            step.result()
        });
        drop(occupant);

        let reading = &mut self.reading;
        reading.callers = vec![Caller::new(plan, false)];
        if let Some(pool) = reading.pool.as_mut().filter(|_| occupied) {
            pool.in_use += 1;
            pool.acquired += 1;
        }
        for tick in 0.. {
            let aborted = plan.aborted_at.is_some_and(|at| tick >= at);
            reading.callers[0].aborted = aborted;
            reading.go_on(0);
            if matches!(reading.callers[0].stage, Stage::Ended(..)) {
                break;
            }
            reading.now += 1;
        }
        if let Some(pool) = reading.pool.as_mut().filter(|_| occupied) {
            pool.leave();
        }
        assert_eq!(self.hand.clock.elapsed(), time(reading.now));
        assert_ended(&reading.callers[0], &outcome);
        assert_agree((&self.circuit, &self.budget, &self.bulkhead), reading);
    }
}

/// Polls each task that has been woken, in turn; whether there was one.
fn poll_the_woken(
    futures: &mut [Option<Running<'_>>],
    bells: &[Arc<Bell>],
    reading: &mut Reading,
    guards: Guards<'_>,
) -> bool {
    let mut any = false;
    for (index, slot) in futures.iter_mut().enumerate() {
        let woken = bells[index].0.swap(false, Ordering::Relaxed);
        let Some(future) = slot.as_mut().filter(|_| woken) else {
            continue;
        };
        any = true;
        let waker = Waker::from(Arc::clone(&bells[index]));
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        reading.go_on(index);
        let ended = matches!(reading.callers[index].stage, Stage::Ended(..));
        match polled {
            Poll::Ready(outcome) => {
                assert_ended(&reading.callers[index], &outcome);
                // A call that has ended holds nothing, even if its future is still there.
                assert_agree(guards, reading);
                *slot = None;
            }
            Poll::Pending => assert!(!ended, "{:?}", reading.callers[index]),
        }
        assert_agree(guards, reading);
    }
    any
}

type Guards<'g> = (
    &'g Option<CircuitBreaker>,
    &'g Option<Budget>,
    &'g Option<Bulkhead>,
);

/// The guards are in the state that they should be in.
fn assert_agree((circuit, budget, bulkhead): Guards<'_>, reading: &Reading) {
    let now = reading.now;
    if let Some((real, read)) = circuit.as_ref().zip(reading.circuit.as_ref()) {
        let shown = real.snapshot();
        let (state, streak, failures, probes, successes) = match &read.phase {
            Phase::Closed { streak, failures } => {
                let window = read.plan.failures.map_or(0, |(_, window)| window);
                let recent = failures.iter().filter(|at| now - **at < window).count();
                (CircuitState::Closed, *streak, recent, 0, 0)
            }
            Phase::Open { .. } => (CircuitState::Open, 0, 0, 0, 0),
            Phase::HalfOpen {
                probes, successes, ..
            } => (CircuitState::HalfOpen, 0, 0, probes.len(), *successes),
        };
        assert_eq!(
            (shown.state, shown.consecutive, shown.failures),
            (state, streak, failures)
        );
        assert_eq!((shown.probes, shown.successes), (probes, successes));
        assert_eq!(
            (shown.openings, shown.rejected, shown.transitions),
            (read.openings, read.rejected, read.era.into())
        );
    }
    if let Some((real, read)) = budget.as_ref().zip(reading.budget.as_ref()) {
        assert_eq!(real.remaining(), read.remaining(now));
        let shown = real.statistics();
        assert_eq!(shown.first_attempts, read.first_attempts.len() as u64);
        assert_eq!(
            (shown.allowed, shown.refused, shown.given_back),
            (read.allowed, read.refused, read.given_back)
        );
    }
    if let Some((real, read)) = bulkhead.as_ref().zip(reading.pool.as_ref()) {
        let shown = real.statistics();
        assert_eq!(
            (shown.in_use, shown.queued as usize),
            (read.in_use, read.queue.len())
        );
        assert_eq!(
            (shown.acquired, shown.rejected, shown.timed_out),
            (read.acquired, read.rejected, read.timed_out)
        );
        assert_eq!(
            (shown.given_up, shown.contended),
            (read.given_up, read.contended)
        );
    }
}

/// The call has ended as it should have.
fn assert_ended(caller: &Caller, outcome: &Ended) {
    let Stage::Ended(reason, next_delay) = caller.stage else {
        panic!("it should not have ended, but has: {outcome:?}, {caller:?}");
    };
    assert_eq!(outcome.stop_reason(), reason, "{caller:?}");
    assert_eq!(outcome.attempts(), caller.attempts, "{caller:?}");
    assert_eq!(outcome.elapsed(), time(caller.elapsed), "{caller:?}");
    assert_eq!(outcome.next_delay(), next_delay.map(time), "{caller:?}");
    let last = caller.failures.last().copied();
    assert_eq!(outcome.last_class(), last, "{caller:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn calls_that_share_their_guards_go_by_the_tables(play in any_play()) {
        let mut theatre = Theatre::new(&play);
        let _installed = theatre.hand.clock.install();
        for scene in &play.scenes {
            match scene {
                Scene::Together(plans) => theatre.together(plans),
                Scene::Blocking(plan, occupied) => theatre.blocking(plan, *occupied),
                Scene::Pause(ticks) => (0..*ticks).for_each(|_| theatre.pass()),
            }
        }
        let calls = theatre.reading.pool.as_ref().map_or(0, |pool| pool.in_use);
        prop_assert_eq!(calls, 0);
    }
}
