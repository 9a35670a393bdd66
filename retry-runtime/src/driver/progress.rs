//! What a call has been through, whatever the operation's types: it asks the engine and tells the observers.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, Instant};

use super::guards::{AtGate, Guards, Held, Waited};
use super::{Admission, Hooks};
use crate::breaker::{Asker, Transition};
use crate::call_state::CallStates;
use crate::class::{Cause, Classification, ErrorClass};
use crate::engine::{Decision, Engine, Entry, Failure, Surroundings};
use crate::event::{Event, EventKind, text_of};
use crate::guard::Identity;
use crate::judge::Known;
use crate::outcome::{Report, StopReason};
use crate::site::Plan;
use crate::timeline::{AttemptRecord, GuardRecord, Timeline, TimelineEnd};
use crate::{switches, testing};

pub(super) struct Progress<'a> {
    pub(super) plan: &'a Plan<'a>,
    /// When the call began, if anybody needs to know.
    started: Option<Instant>,
    /// When attempt 2 or later began, if anybody needs to know.
    attempt_started: Option<Instant>,
    engine: Engine,
    /// A timer runs that will cut the attempt, or has; whether it is the deadline's.
    pub(super) cut: Option<bool>,
    /// What is left of the sleep before the next attempt, or of the wait for the bulkhead.
    pub(super) delay: Duration,
    /// An abort was seen during a sleep or a wait. A flag may be lowered again, but the sleep has been cut.
    pub(super) aborted: bool,
    random: Option<fastrand::Rng>,
    /// How long the running attempt has waited for the bulkhead.
    waited: Duration,
    timeline: Timeline,
    error_type: Option<&'static str>,
    stop: Option<(StopReason, Option<Duration>)>,
    /// Who has ended the call.
    guard: Option<Cow<'static, str>>,
    /// What observers keep.
    pub(super) states: CallStates,
}

/// A reading of the clock, as far as anybody needs one: zero where nobody does.
#[derive(Clone, Copy)]
struct Reading {
    /// Since the call began.
    elapsed: Duration,
    /// Since the attempt began.
    duration: Duration,
}

/// How a call ends without success.
#[derive(Clone, Copy)]
struct Stop<'s> {
    reason: StopReason,
    elapsed: Duration,
    next_delay: Option<Duration>,
    /// For the bulkhead, whether or not that is the reason.
    wait: Option<Duration>,
    /// Of the last error.
    text: Option<&'s dyn fmt::Display>,
}

impl Stop<'_> {
    const fn new(reason: StopReason, elapsed: Duration) -> Self {
        Self {
            reason,
            elapsed,
            next_delay: None,
            wait: None,
            text: None,
        }
    }
}

/// What is known about an attempt that has ended, besides how it is judged.
#[derive(Clone, Copy, Default)]
pub(super) struct About<'a> {
    pub(super) known: Known<'a>,
    pub(super) error_type: Option<&'static str>,
}

impl<'a> Progress<'a> {
    /// After so many failures that nobody had to take notice of.
    pub(super) fn new(plan: &'a Plan<'a>, started: Option<Instant>, failures: u32) -> Self {
        Self {
            plan,
            started,
            attempt_started: None,
            engine: Engine::after(failures),
            cut: None,
            delay: Duration::ZERO,
            aborted: false,
            random: None,
            waited: Duration::ZERO,
            timeline: Timeline::default(),
            error_type: None,
            stop: None,
            guard: None,
            states: CallStates::default(),
        }
    }

    /// Whether the first attempt may start: the call has begun just now.
    pub(super) fn may_begin(
        &mut self,
        hooks: &Hooks<'_>,
        held: Option<&mut Held<'_>>,
    ) -> Admission {
        self.may_start_at(self.started, hooks, held, None)
    }

    /// Whether the next attempt may start; if not, the call waits or has ended.
    pub(super) fn may_start(
        &mut self,
        hooks: &Hooks<'_>,
        held: Option<&mut Held<'_>>,
        text: Option<&dyn fmt::Display>,
    ) -> Admission {
        self.may_start_at(self.now(hooks), hooks, held, text)
    }

    #[cold]
    #[inline(never)]
    fn may_start_at(
        &mut self,
        now: Option<Instant>,
        hooks: &Hooks<'_>,
        mut held: Option<&mut Held<'_>>,
        text: Option<&dyn fmt::Display>,
    ) -> Admission {
        let elapsed = between(self.started, now);
        self.attempt_started = now;
        let aborted = self.aborted || hooks.is_aborted();
        let policy = self.plan.policy;
        let mut gate = AtGate::new(held.as_deref_mut(), self.asker(hooks).keeping(&self.states));
        gate.remaining = policy
            .max_elapsed()
            .map(|deadline| deadline.saturating_sub(elapsed));
        let entry = self
            .engine
            .before_attempt(policy, aborted, elapsed, &mut gate);
        let AtGate {
            transition,
            waited,
            until_probe,
            may_queue,
            queued_at,
            ..
        } = gate;
        let waited = match &mut held {
            Some(held) if entry.is_err() => held.end(hooks.time).or(waited),
            _ => waited,
        };
        let guards = Held::guards_of(held.as_deref());
        self.tell_of_contention(hooks, guards, waited, elapsed);
        self.tell_of_transition(hooks, guards, transition, self.attempt(), elapsed);
        match entry {
            Ok(Entry::Now) => {
                if let Some(held) = held {
                    held.start(self.engine.failures() == 0, hooks.time);
                }
                let wait = waited.map(|waited| waited.long);
                self.waited = wait.unwrap_or_default();
                self.emit(hooks, guards, || Event {
                    wait,
                    ..self.event(EventKind::AttemptStarted, self.attempt(), elapsed)
                });
                Admission::Granted
            }
            Ok(Entry::Queue) => {
                // If nobody needed to know the time until now, a call that never comes to its first attempt still tells how long it took.
                if self.engine.failures() == 0 {
                    self.started = self.started.or(queued_at);
                }
                self.delay = may_queue;
                Admission::Queued
            }
            Err(reason) => {
                let stop = Stop {
                    wait: waited.map(|waited| waited.long),
                    next_delay: until_probe,
                    text,
                    ..Stop::new(reason, elapsed)
                };
                self.stop(hooks, guards, stop);
                Admission::Refused
            }
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn succeed(&mut self, hooks: &Hooks<'_>, held: Option<&mut Held<'_>>) {
        let reading = self.read(hooks);
        let attempt = self.attempt();
        let guards = Held::guards_of(held.as_deref());
        self.emit(hooks, guards, || Event {
            duration: Some(reading.duration),
            ..self.event(EventKind::AttemptEnded, attempt, reading.elapsed)
        });
        self.record_attempt(hooks, guards, reading, None);
        if let Some(held) = held {
            let transition = held.succeed(&self.asker(hooks).keeping(&self.states));
            self.tell_of_transition(hooks, guards, transition, attempt, reading.elapsed);
        }
        self.emit(hooks, guards, || {
            self.event(EventKind::Success, attempt, reading.elapsed)
        });
        self.record_end(hooks, TimelineEnd::new(None, reading.elapsed));
    }

    #[cold]
    #[inline(never)]
    pub(super) fn fail_with_value(
        &mut self,
        hooks: &Hooks<'_>,
        held: Option<&mut Held<'_>>,
        classification: Classification,
    ) -> bool {
        let failure = Failure {
            classification,
            cause: Cause::Value,
            refused: false,
            cut_by_deadline: false,
        };
        self.fail(hooks, held, failure, About::default())
    }

    #[cold]
    #[inline(never)]
    pub(super) fn fail_with_timeout(
        &mut self,
        hooks: &Hooks<'_>,
        held: Option<&mut Held<'_>>,
    ) -> bool {
        let failure = Failure {
            classification: Classification::new(ErrorClass::Transient),
            cause: Cause::Timeout,
            refused: false,
            cut_by_deadline: self.cut == Some(true),
        };
        self.fail(hooks, held, failure, About::default())
    }

    #[cold]
    #[inline(never)]
    pub(super) fn fail_with_error(
        &mut self,
        hooks: &Hooks<'_>,
        held: Option<&mut Held<'_>>,
        mut failure: Failure,
        about: About<'_>,
    ) -> bool {
        if about.known.met_open_circuit {
            failure.meet_open_circuit();
        }
        self.fail(hooks, held, failure, about)
    }

    /// Takes notice of a failure; whether there will be another attempt.
    #[cold]
    #[inline(never)]
    fn fail(
        &mut self,
        hooks: &Hooks<'_>,
        mut held: Option<&mut Held<'_>>,
        failure: Failure,
        about: About<'_>,
    ) -> bool {
        let asker = self.asker(hooks);
        let reading = self.read(hooks);
        let attempt = self.attempt();
        self.cut = None;
        self.error_type = about.error_type;
        let guards = Held::guards_of(held.as_deref());
        self.emit(hooks, guards, || Event {
            duration: Some(reading.duration),
            class: Some(failure.classification.class),
            cause: Some(failure.cause),
            error: about.known.text,
            error_type: about.error_type,
            ..self.event(EventKind::AttemptEnded, attempt, reading.elapsed)
        });
        self.record_attempt(hooks, guards, reading, Some((&failure, about.known.text)));
        if let Some(held) = &mut held {
            let transition = held.fail(failure.classification, &asker.keeping(&self.states));
            self.tell_of_transition(hooks, guards, transition, attempt, reading.elapsed);
        }
        let (decision, until_probe) =
            self.decide(hooks, held.as_deref_mut(), &failure, reading.elapsed);
        let delay = match decision {
            Decision::Retry(delay) => Some(delay),
            Decision::Stop(_) | Decision::Defer(_) => None,
        };
        if let Some(held) = &mut held {
            let transition = held.conclude(
                failure.classification,
                delay.is_some(),
                &asker.keeping(&self.states),
            );
            self.tell_of_transition(hooks, guards, transition, attempt, reading.elapsed);
        }
        let text = about.known.text;
        let stop = |reason, next_delay| Stop {
            next_delay,
            text,
            ..Stop::new(reason, reading.elapsed)
        };
        match decision {
            Decision::Retry(delay) => self.retry(hooks, guards, delay, reading.elapsed, text),
            Decision::Stop(reason) => self.stop(hooks, guards, stop(reason, until_probe)),
            Decision::Defer(delay) => {
                self.stop(hooks, guards, stop(StopReason::Scheduled, Some(delay)));
            }
        }
        delay.is_some()
    }

    /// What follows, and how long the circuit stays open if that is why the call ends.
    fn decide(
        &mut self,
        hooks: &Hooks<'_>,
        held: Option<&mut Held<'_>>,
        failure: &Failure,
        elapsed: Duration,
    ) -> (Decision, Option<Duration>) {
        let mut gate = AtGate::new(held, self.asker(hooks));
        let random = &mut self.random;
        let decision = self.engine.after_failure(
            self.plan.policy,
            failure,
            &mut Surroundings {
                elapsed,
                aborted: hooks.is_aborted(),
                gate: &mut gate,
                on_sleep: hooks.on_sleep,
                random: &mut || match hooks.seed {
                    Some(seed) => random
                        .get_or_insert_with(|| fastrand::Rng::with_seed(seed))
                        .f64(),
                    None => testing::seeded_random().unwrap_or_else(fastrand::f64),
                },
                run_once: switches::is_set(switches::RUN_ONCE),
            },
        );
        (decision, gate.until_probe)
    }

    fn retry(
        &mut self,
        hooks: &Hooks<'_>,
        guards: Guards<'_>,
        delay: Duration,
        elapsed: Duration,
        text: Option<&dyn fmt::Display>,
    ) {
        self.delay = if switches::is_set(switches::SKIP_WAITS) {
            Duration::ZERO
        } else {
            delay
        };
        if hooks.timeline.is_some() {
            self.timeline.record_sleep(delay);
        }
        self.emit(hooks, guards, || Event {
            delay: Some(delay),
            ..self.event_of_failure(EventKind::Retry, elapsed, text)
        });
    }

    /// Ends the call.
    #[cold]
    fn stop(&mut self, hooks: &Hooks<'_>, guards: Guards<'_>, stop: Stop<'_>) {
        let Stop {
            reason,
            next_delay,
            elapsed,
            ..
        } = stop;
        let guard = guards.stopped_by(reason);
        let wait = stop.wait.filter(|_| reason == StopReason::BulkheadFull);
        self.stop = Some((reason, next_delay));
        self.guard = guard.map(Identity::shared_name);
        self.record_event(hooks, reason.event(), guard, wait.or(next_delay), elapsed);
        let end = TimelineEnd {
            wait: stop.wait,
            ..TimelineEnd::new(Some(reason), elapsed)
        };
        self.record_end(hooks, end);
        self.emit(hooks, guards, || Event {
            delay: next_delay,
            wait: stop.wait,
            stop_reason: Some(reason),
            guard: guard.map(Identity::name),
            ..self.event_of_failure(reason.event(), elapsed, stop.text)
        });
    }

    /// On behalf of the attempt that runs, or would run next.
    fn asker<'t>(&self, hooks: &Hooks<'t>) -> Asker<'t> {
        Asker {
            time: hooks.time,
            operation: self.plan.operation,
            attempt: self.attempt(),
            started: self.started,
            states: None,
        }
    }

    /// Tells the call's own observers; the circuit tells the global one, in the order of all its transitions.
    fn tell_of_transition(
        &mut self,
        hooks: &Hooks<'_>,
        guards: Guards<'_>,
        transition: Option<Transition>,
        attempt: u32,
        elapsed: Duration,
    ) {
        if let Some((breaker, transition)) = guards.breaker.zip(transition) {
            let guard = Some(breaker.identity());
            self.record_event(hooks, transition.kind, guard, None, elapsed);
            let event = breaker.event(transition, self.plan.operation, attempt, elapsed);
            hooks.tell_own(&self.complete(event, guards));
        }
    }

    fn tell_of_contention(
        &mut self,
        hooks: &Hooks<'_>,
        guards: Guards<'_>,
        waited: Option<Waited>,
        elapsed: Duration,
    ) {
        let Some(waited) = waited.filter(|waited| waited.contended) else {
            return;
        };
        let guard = guards.stopped_by(StopReason::BulkheadFull);
        let kind = EventKind::ContentionDetected;
        self.record_event(hooks, kind, guard, Some(waited.long), elapsed);
        self.emit(hooks, guards, || Event {
            delay: Some(waited.long),
            guard: guard.map(Identity::name),
            ..self.event(kind, self.attempt(), elapsed)
        });
    }

    /// An attempt has ended; it is not counted yet.
    fn record_attempt(
        &mut self,
        hooks: &Hooks<'_>,
        guards: Guards<'_>,
        reading: Reading,
        failure: Option<(&Failure, Option<&dyn fmt::Display>)>,
    ) {
        let Some(limit) = hooks.timeline else {
            return;
        };
        let (failure, text) = failure.unzip();
        let record = AttemptRecord {
            number: self.attempt(),
            start: reading.elapsed.saturating_sub(reading.duration),
            wait: guards.bulkhead.map(|_| self.waited),
            duration: reading.duration,
            class: failure.map(|failure| failure.classification.class),
            cause: failure.map(|failure| failure.cause),
            error: text.flatten().and_then(text_of),
            delay: None,
        };
        self.timeline.record_attempt(record, limit);
    }

    fn record_event(
        &mut self,
        hooks: &Hooks<'_>,
        kind: EventKind,
        guard: Option<&Identity>,
        duration: Option<Duration>,
        elapsed: Duration,
    ) {
        let Some((limit, guard)) = hooks.timeline.zip(guard) else {
            return;
        };
        let record = GuardRecord {
            kind,
            guard: guard.shared_name(),
            at: elapsed,
            after_attempt: self.timeline.attempts_ended(),
            duration,
        };
        self.timeline.record_event(record, limit);
    }

    fn record_end(&mut self, hooks: &Hooks<'_>, end: TimelineEnd) {
        if hooks.timeline.is_some() {
            self.timeline.finish(self.plan.operation, end);
        }
    }

    /// Whether there is something in it that the end of the call has to know.
    pub(super) fn is_needed_later(&self) -> bool {
        !self.states.is_empty() || self.timeline.is_begun()
    }

    /// Without an observer nothing is built.
    fn emit<'e>(
        &'e self,
        hooks: &Hooks<'_>,
        guards: Guards<'e>,
        event: impl FnOnce() -> Event<'e>,
    ) {
        if hooks.is_observed() {
            hooks.emit(&self.complete(event(), guards));
        }
    }

    /// With what every event of the call has.
    const fn complete<'e>(&'e self, event: Event<'e>, guards: Guards<'e>) -> Event<'e> {
        Event {
            breaker: guards.breaker,
            budget: guards.budget,
            bulkhead: guards.bulkhead,
            states: Some(&self.states),
            ..event
        }
    }

    /// What there is to say at the end of the call.
    pub(super) fn report(&mut self, hooks: &Hooks<'_>) -> Report {
        let failure = self.engine.last();
        Report {
            operation: self.plan.operation,
            reason: self.stop.map(|(reason, _)| reason),
            attempts: match self.stop {
                Some(_) => self.engine.failures(),
                None => self.attempt(),
            },
            elapsed: between(self.started, self.now(hooks)),
            class: self.last_class(),
            cause: failure.map(|failure| failure.cause),
            retry_after: failure.and_then(|failure| failure.classification.retry_after),
            next_delay: self.stop.and_then(|(_, next_delay)| next_delay),
            guard: self.guard.take(),
            timeline: std::mem::take(&mut self.timeline),
        }
    }

    /// How long the running attempt may still take, and whether it is the deadline that says so.
    pub(super) fn time_left(&self, now: Instant, timeout: Duration) -> (Duration, bool) {
        let left = timeout.saturating_sub(between(self.attempt_start(), Some(now)));
        let elapsed = between(self.started, Some(now));
        let deadline = self.plan.policy.max_elapsed();
        match deadline.map(|deadline| deadline.saturating_sub(elapsed)) {
            Some(remaining) if remaining <= left => (remaining, true),
            _ => (left, false),
        }
    }

    /// The class of the last failure.
    pub(super) fn last_class(&self) -> Option<ErrorClass> {
        self.engine
            .last()
            .map(|failure| failure.classification.class)
    }

    /// The attempt that runs, or would run next.
    pub(super) fn attempt(&self) -> u32 {
        self.engine.failures().saturating_add(1)
    }

    pub(super) const fn started(&self) -> Option<Instant> {
        self.started
    }

    fn attempt_start(&self) -> Option<Instant> {
        self.attempt_started.or(self.started)
    }

    /// The present, if anybody needs to know.
    fn now(&self, hooks: &Hooks<'_>) -> Option<Instant> {
        self.started.map(|_| hooks.time.now())
    }

    fn read(&self, hooks: &Hooks<'_>) -> Reading {
        let now = self.now(hooks);
        Reading {
            elapsed: between(self.started, now),
            duration: between(self.attempt_start(), now),
        }
    }

    fn event<'e>(&self, kind: EventKind, attempt: u32, elapsed: Duration) -> Event<'e> {
        Event::new(kind, self.plan.operation, attempt, elapsed)
    }

    /// An event about the last failure, if there was one.
    fn event_of_failure<'e>(
        &self,
        kind: EventKind,
        elapsed: Duration,
        text: Option<&'e dyn fmt::Display>,
    ) -> Event<'e> {
        let failure = self.engine.last();
        Event {
            class: self.last_class(),
            cause: failure.map(|failure| failure.cause),
            error: text,
            error_type: self.error_type,
            ..self.event(kind, self.engine.failures(), elapsed)
        }
    }
}

/// Zero if either is unknown, or if the clock went back.
fn between(earlier: Option<Instant>, later: Option<Instant>) -> Duration {
    match (earlier, later) {
        (Some(earlier), Some(later)) => later.saturating_duration_since(earlier),
        _ => Duration::ZERO,
    }
}
