//! What a call has been through, whatever the operation's types: it asks the engine and tells the observers.

use std::fmt;
use std::time::{Duration, Instant};

use super::Hooks;
use crate::class::{Cause, Classification, ErrorClass};
use crate::engine::{Decision, Engine, Failure, Surroundings};
use crate::event::{Event, EventKind};
use crate::outcome::{Report, StopReason};
use crate::site::Plan;
use crate::time::Wait;
use crate::timeline::{AttemptRecord, Timeline};
use crate::{switches, testing};

pub(super) struct Progress<'a> {
    pub(super) plan: &'a Plan<'a>,
    /// When the call began, if anybody needs to know.
    started: Option<Instant>,
    /// When attempt 2 or later began, if anybody needs to know.
    attempt_started: Option<Instant>,
    engine: Engine,
    /// What the running attempt waits for besides its own end.
    pub(super) cut: Option<Cut<'a>>,
    /// What is left of the sleep before the next attempt.
    pub(super) delay: Duration,
    /// The part of it that is being slept.
    pub(super) sleep: Option<Wait<'a>>,
    /// An abort was seen during a sleep. A flag may be lowered again, but the sleep has been cut.
    pub(super) aborted: bool,
    random: Option<fastrand::Rng>,
    timeline: Timeline,
    error_type: Option<&'static str>,
    stop: Option<(StopReason, Option<Duration>)>,
}

/// A timer that cuts an attempt.
pub(super) struct Cut<'a> {
    pub(super) timer: Wait<'a>,
    pub(super) by_deadline: bool,
}

/// A reading of the clock, as far as anybody needs one: zero where nobody does.
#[derive(Clone, Copy)]
struct Reading {
    /// Since the call began.
    elapsed: Duration,
    /// Since the attempt began.
    duration: Duration,
}

/// What is known about an attempt that has ended, besides how it is judged.
#[derive(Clone, Copy, Default)]
pub(super) struct About<'a> {
    pub(super) text: Option<&'a dyn fmt::Display>,
    pub(super) error_type: Option<&'static str>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(plan: &'a Plan<'a>, started: Option<Instant>) -> Self {
        Self {
            plan,
            started,
            attempt_started: None,
            engine: Engine::default(),
            cut: None,
            delay: Duration::ZERO,
            sleep: None,
            aborted: false,
            random: None,
            timeline: Timeline::default(),
            error_type: None,
            stop: None,
        }
    }

    /// Whether the next attempt may start; if not, the call has ended.
    #[cold]
    #[inline(never)]
    pub(super) fn may_start(&mut self, hooks: &Hooks<'_>) -> bool {
        let now = self.now(hooks);
        let elapsed = between(self.started, now);
        self.attempt_started = now;
        let aborted = self.aborted || hooks.is_aborted();
        match self
            .engine
            .before_attempt(self.plan.policy, aborted, elapsed)
        {
            Ok(()) => {
                if hooks.is_observed() {
                    hooks.emit(&self.event(EventKind::AttemptStarted, self.attempt(), elapsed));
                }
                true
            }
            Err(reason) => {
                self.stop(hooks, reason, None, elapsed, None);
                false
            }
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn succeed(&mut self, hooks: &Hooks<'_>) {
        let reading = self.read(hooks);
        let attempt = self.attempt();
        if hooks.is_observed() {
            hooks.emit(&Event {
                duration: Some(reading.duration),
                ..self.event(EventKind::AttemptEnded, attempt, reading.elapsed)
            });
            hooks.emit(&self.event(EventKind::Success, attempt, reading.elapsed));
        }
        if let Some(limit) = hooks.timeline {
            self.timeline.record(reading.of_success(attempt), limit);
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn fail_with_value(
        &mut self,
        hooks: &Hooks<'_>,
        classification: Classification,
    ) -> bool {
        let failure = Failure {
            classification,
            cause: Cause::Value,
            refused: false,
            cut_by_deadline: false,
        };
        self.fail(hooks, failure, About::default())
    }

    #[cold]
    #[inline(never)]
    pub(super) fn fail_with_timeout(&mut self, hooks: &Hooks<'_>, cut_by_deadline: bool) -> bool {
        let failure = Failure {
            classification: Classification::new(ErrorClass::Transient),
            cause: Cause::Timeout,
            refused: false,
            cut_by_deadline,
        };
        self.fail(hooks, failure, About::default())
    }

    /// Takes notice of a failure; whether there will be another attempt.
    #[cold]
    #[inline(never)]
    pub(super) fn fail(&mut self, hooks: &Hooks<'_>, failure: Failure, about: About<'_>) -> bool {
        let reading = self.read(hooks);
        let attempt = self.attempt();
        self.cut = None;
        self.error_type = about.error_type;
        if hooks.is_observed() {
            hooks.emit(&Event {
                duration: Some(reading.duration),
                class: Some(failure.classification.class),
                cause: Some(failure.cause),
                error: about.text,
                error_type: about.error_type,
                ..self.event(EventKind::AttemptEnded, attempt, reading.elapsed)
            });
        }
        let decision = self.decide(hooks, &failure, reading.elapsed);
        let delay = match decision {
            Decision::Retry(delay) => Some(delay),
            Decision::Stop(_) | Decision::Defer(_) => None,
        };
        if let Some(limit) = hooks.timeline {
            let record = AttemptRecord {
                class: Some(failure.classification.class),
                cause: Some(failure.cause),
                error: about.text.map(ToString::to_string),
                delay,
                ..reading.of_success(attempt)
            };
            self.timeline.record(record, limit);
        }
        match decision {
            Decision::Retry(delay) => self.retry(hooks, delay, reading.elapsed, about.text),
            Decision::Stop(reason) => self.stop(hooks, reason, None, reading.elapsed, about.text),
            Decision::Defer(delay) => {
                let reason = StopReason::Scheduled;
                self.stop(hooks, reason, Some(delay), reading.elapsed, about.text);
            }
        }
        delay.is_some()
    }

    fn decide(&mut self, hooks: &Hooks<'_>, failure: &Failure, elapsed: Duration) -> Decision {
        let random = &mut self.random;
        self.engine.after_failure(
            self.plan.policy,
            failure,
            &mut Surroundings {
                elapsed,
                aborted: hooks.is_aborted(),
                on_sleep: hooks.on_sleep,
                random: &mut || match hooks.seed {
                    Some(seed) => random
                        .get_or_insert_with(|| fastrand::Rng::with_seed(seed))
                        .f64(),
                    None => testing::seeded_random().unwrap_or_else(fastrand::f64),
                },
                run_once: switches::is_set(switches::RUN_ONCE),
            },
        )
    }

    fn retry(
        &mut self,
        hooks: &Hooks<'_>,
        delay: Duration,
        elapsed: Duration,
        text: Option<&dyn fmt::Display>,
    ) {
        self.delay = if switches::is_set(switches::SKIP_WAITS) {
            Duration::ZERO
        } else {
            delay
        };
        if hooks.is_observed() {
            hooks.emit(&Event {
                delay: Some(delay),
                ..self.event_of_failure(EventKind::Retry, elapsed, text)
            });
        }
    }

    /// Ends the call.
    #[cold]
    fn stop(
        &mut self,
        hooks: &Hooks<'_>,
        reason: StopReason,
        next_delay: Option<Duration>,
        elapsed: Duration,
        text: Option<&dyn fmt::Display>,
    ) {
        self.stop = Some((reason, next_delay));
        self.timeline.end();
        if hooks.is_observed() {
            hooks.emit(&Event {
                delay: next_delay,
                stop_reason: Some(reason),
                ..self.event_of_failure(reason.event(), elapsed, text)
            });
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

impl Reading {
    const fn of_success(self, attempt: u32) -> AttemptRecord {
        AttemptRecord {
            number: attempt,
            start: self.elapsed.saturating_sub(self.duration),
            duration: self.duration,
            class: None,
            cause: None,
            error: None,
            delay: None,
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
