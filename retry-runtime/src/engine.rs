//! The state machine that decides. It does no I/O, reads no clock and has no random source: both drivers, the attribute's expansion and the
//! tests on virtual time give it what they know, and do what it says.
//!
//! The numbered rows are those of the order of checks: B before an attempt, F after a failure. The first that matches wins.

use std::time::Duration;

use crate::backoff::BackoffContext;
use crate::class::{Cause, Classification, ErrorClass};
use crate::outcome::StopReason;
use crate::policy::Policy;

/// A server's hint is followed with jitter of up to a tenth, so that the clients that it told the same do not return together,
const HINT_JITTER_DIVISOR: u32 = 10;
/// but nobody waits more than this longer than asked.
const HINT_JITTER_MAX: Duration = Duration::from_millis(250);

/// What `on_sleep` answers.
///
/// ```
/// use retry_core::{Backoff, Policy, SleepDecision, StopReason};
/// use std::{io, time::Duration};
///
/// const POLICY: Policy = Policy::new().attempts(3).backoff(Backoff::fixed(Duration::from_secs(60)));
///
/// // A queue worker does not sleep for a minute: it puts the job back.
/// let call = POLICY.call("send_mail").on_sleep(|_, delay| {
///     if delay > Duration::from_secs(5) { SleepDecision::Defer } else { SleepDecision::Sleep }
/// });
/// let outcome = call.execute_blocking(|| Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)));
/// assert_eq!(outcome.stop_reason(), Some(StopReason::Scheduled));
/// assert_eq!(outcome.next_delay(), Some(Duration::from_secs(60)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SleepDecision {
    /// Sleep, then try again.
    Sleep,
    /// End the call as [`StopReason::Scheduled`]; the caller sees to the next attempt.
    Defer,
    /// End the call as [`StopReason::Aborted`].
    Abort,
}

pub(crate) type SleepRule<'a> = dyn Fn(&BackoffContext, Duration) -> SleepDecision + 'a;

/// An attempt's failure, judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    pub(crate) classification: Classification,
    pub(crate) cause: Cause,
    /// `retry_if` said no.
    pub(crate) refused: bool,
    /// The attempt was cut because the deadline came.
    pub(crate) cut_by_deadline: bool,
}

impl Failure {
    /// It says that a circuit was open. Whoever met it has been told to stop; so has everybody above.
    pub(crate) const fn meet_open_circuit(&mut self) {
        self.classification.class = ErrorClass::Permanent;
    }
}

/// What the engine is told about the world after a failure.
pub(crate) struct Surroundings<'a> {
    /// Since the call began; zero if no clock is read, in which case the policy has no deadline.
    pub(crate) elapsed: Duration,
    pub(crate) aborted: bool,
    pub(crate) gate: &'a mut dyn Gate,
    pub(crate) on_sleep: Option<&'a SleepRule<'a>>,
    /// Uniform in [0, 1).
    pub(crate) random: &'a mut dyn FnMut() -> f64,
    /// A test suite has asked for one attempt per call.
    pub(crate) run_once: bool,
}

/// The shared guards of a call, as the engine asks them; a call without any has one that never says no.
pub(crate) trait Gate {
    /// Whether the circuit is open, so that asking for a permit is in vain.
    fn is_shut(&mut self) -> bool;
    /// Asks for a place in the bulkhead, again if the call has queued for one.
    fn enter_bulkhead(&mut self) -> Place;
    /// Asks the circuit for a permit.
    fn enter_circuit(&mut self) -> bool;
    /// Asks the budget for a retry after a failure of this class.
    fn withdraw(&mut self, class: ErrorClass) -> bool;
}

/// What the bulkhead says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Inside,
    Queueing,
    /// Nobody may queue, or the wait is over.
    Full,
    /// The deadline came during the wait.
    Late,
}

/// How an attempt that may start does so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Now,
    /// Once the call has queued, it has to ask again.
    Queue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Retry(Duration),
    Stop(StopReason),
    /// `Stop(Scheduled)`, with the delay that somebody else has to see to.
    Defer(Duration),
}

/// The state of one call.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    failures: u32,
    by_class: [u32; ErrorClass::ALL.len()],
    /// One for the policy's backoff, then one for each class that may have its own.
    backoffs: [BackoffState; 1 + ErrorClass::ALL.len()],
    last: Option<Failure>,
}

/// How far a backoff has come: a wait for one class never seeds another's.
#[derive(Clone, Copy, Debug, Default)]
struct BackoffState {
    answered: u32,
    previous: Option<Duration>,
}

impl Engine {
    /// Of a call of which so many attempts have failed and been [retried at once](tries_again_at_once).
    pub(crate) fn after(failures: u32) -> Self {
        Self {
            failures,
            ..Self::default()
        }
    }

    /// How many attempts have failed.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }

    pub(crate) const fn last(&self) -> Option<&Failure> {
        self.last.as_ref()
    }

    /// Whether the next attempt may start.
    pub(crate) fn before_attempt(
        &self,
        policy: &Policy,
        aborted: bool,
        elapsed: Duration,
        gate: &mut dyn Gate,
    ) -> Result<Entry, StopReason> {
        // B1
        if aborted {
            return Err(StopReason::Aborted);
        }
        // B2
        if self.failures > 0
            && policy
                .max_elapsed()
                .is_some_and(|deadline| elapsed >= deadline)
        {
            return Err(StopReason::DeadlineExceeded);
        }
        // B3
        if gate.is_shut() {
            return Err(StopReason::CircuitOpen);
        }
        // B4
        match gate.enter_bulkhead() {
            Place::Inside => {}
            Place::Queueing => return Ok(Entry::Queue),
            Place::Full => return Err(StopReason::BulkheadFull),
            Place::Late => return Err(StopReason::DeadlineExceeded),
        }
        // B5
        if !gate.enter_circuit() {
            return Err(StopReason::CircuitOpen);
        }
        // B6
        Ok(Entry::Now)
    }

    /// What follows from `failure`.
    pub(crate) fn after_failure(
        &mut self,
        policy: &Policy,
        failure: &Failure,
        surroundings: &mut Surroundings<'_>,
    ) -> Decision {
        let class = failure.classification.class;
        let failures_of_class = self.count(failure);

        // F1
        if surroundings.aborted {
            return Decision::Stop(StopReason::Aborted);
        }
        if failure.cut_by_deadline {
            return Decision::Stop(StopReason::DeadlineExceeded);
        }
        // F2
        if is_final(policy, failure) {
            return Decision::Stop(StopReason::NonRetryableClass);
        }
        // F3
        if policy
            .class_cap(class)
            .is_some_and(|cap| failures_of_class >= cap)
        {
            return Decision::Stop(match class {
                ErrorClass::Unknown => StopReason::MaxUnknownAttempts,
                _ => StopReason::MaxAttemptsPerClass,
            });
        }
        // F4
        if surroundings.run_once || !attempts_are_left(policy, self.failures) {
            return Decision::Stop(StopReason::MaxAttemptsGlobal);
        }
        let remaining = policy
            .max_elapsed()
            .map(|deadline| deadline.saturating_sub(surroundings.elapsed));
        // F5, F6
        let Some((delay, context)) = self.delay(policy, failure, remaining, surroundings.random)
        else {
            return Decision::Stop(StopReason::NoStrategy);
        };
        // F7
        if remaining.is_some_and(|remaining| delay >= remaining) {
            return Decision::Stop(StopReason::DeadlineExceeded);
        }
        // F8
        if surroundings.gate.is_shut() {
            return Decision::Stop(StopReason::CircuitOpen);
        }
        // F9
        if !surroundings.gate.withdraw(class) {
            return Decision::Stop(StopReason::BudgetExhausted);
        }
        // F10
        match surroundings.on_sleep.map(|decide| decide(&context, delay)) {
            Some(SleepDecision::Defer) => Decision::Defer(delay),
            Some(SleepDecision::Abort) => Decision::Stop(StopReason::Aborted),
            // F11
            Some(SleepDecision::Sleep) | None => Decision::Retry(delay),
        }
    }

    fn count(&mut self, failure: &Failure) -> u32 {
        self.failures = self.failures.saturating_add(1);
        self.last = Some(*failure);
        let of_class = &mut self.by_class[failure.classification.class.index()];
        *of_class = of_class.saturating_add(1);
        *of_class
    }

    /// The server's hint if it is honoured, else the backoff's delay, with the context it was asked in.
    fn delay(
        &mut self,
        policy: &Policy,
        failure: &Failure,
        remaining: Option<Duration>,
        random: &mut dyn FnMut() -> f64,
    ) -> Option<(Duration, BackoffContext)> {
        let Classification {
            class, retry_after, ..
        } = failure.classification;
        let state = &mut self.backoffs[policy.backoff_slot(class)];
        let mut context = BackoffContext {
            attempt: self.failures,
            failures: state.answered,
            class,
            retry_after,
            previous: state.previous,
            remaining,
            cause: failure.cause,
        };
        if let Some(hint) = retry_after.filter(|_| policy.honors_retry_after()) {
            let delay = follow_hint(hint, policy.longest_retry_after(), random());
            return Some((delay, context));
        }
        let backoff = policy.backoff_for(class)?;
        context.failures = state.answered.saturating_add(1);
        let delay = backoff.draw(&context, random);
        *state = BackoffState {
            answered: context.failures,
            previous: Some(delay),
        };
        Some((delay, context))
    }
}

/// Whether a failure, the `failures`th, is followed by another attempt at once in a call that nobody watches, limits or delays: a shortcut
/// through F1 to F11 and then B1 to B6, where it takes more than the class and the number to find that none of them has anything else to say.
/// Such a failure leaves no trace but the number. Its class has no cap, so that nobody counts it.
#[inline]
pub(crate) const fn tries_again_at_once(policy: &Policy, failures: u32, failure: &Failure) -> bool {
    let Classification {
        class, retry_after, ..
    } = failure.classification;
    attempts_are_left(policy, failures)
        && !failure.refused
        && policy.retries_at_once(class)
        && (retry_after.is_none() || !policy.honors_retry_after())
}

/// Whether a failure, the `failures`th, ends a call that nobody watches whatever else there is to know: a shortcut to F2 and F4, either of which
/// ends it with the same error as any row above it would.
#[inline]
pub(crate) const fn gives_up(policy: &Policy, failures: u32, failure: &Failure) -> bool {
    !attempts_are_left(policy, failures) || is_final(policy, failure)
}

#[inline]
const fn is_final(policy: &Policy, failure: &Failure) -> bool {
    failure.refused || !policy.is_retried(failure.classification.class)
}

#[inline]
const fn attempts_are_left(policy: &Policy, failures: u32) -> bool {
    match policy.max_attempts() {
        Some(attempts) => failures < attempts,
        None => true,
    }
}

fn follow_hint(hint: Duration, longest: Duration, random: f64) -> Duration {
    let jitter = (hint / HINT_JITTER_DIVISOR)
        .min(HINT_JITTER_MAX)
        .mul_f64(random);
    hint.saturating_add(jitter).min(longest)
}
