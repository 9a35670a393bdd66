//! How transitions are told: in order, once each, and never under the lock.
//!
//! A transition is put in the outbox under the lock that made it. Whoever finds nobody delivering delivers until the outbox is empty; so what
//! two threads cause is told in the order in which it happened, and an observer that uses the circuit itself does not wait for itself.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::machine::Transition;
use super::{CircuitBreaker, Shared};
use crate::call_state::CallStates;
use crate::event::{self, Event};
use crate::switches;
use crate::time::TimeSource;

/// On whose behalf a guard is asked: whose clock it reads, and what is said in events.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'t> {
    pub(crate) time: TimeSource<'t>,
    pub(crate) operation: &'static str,
    pub(crate) attempt: u32,
    /// When the call began, if it is known.
    pub(crate) started: Option<Instant>,
    /// What observers keep for the call.
    pub(crate) states: Option<&'t CallStates>,
}

/// The operation in events of a circuit that is used without a call.
const STAND_ALONE: &str = "circuit_breaker";

impl<'t> Asker<'t> {
    /// Nobody's call.
    #[inline]
    pub(super) const fn alone() -> Self {
        Self {
            time: TimeSource::System,
            operation: STAND_ALONE,
            attempt: 0,
            started: None,
            states: None,
        }
    }

    /// The same for observers that keep something for the call.
    pub(crate) const fn keeping<'s>(self, states: &'s CallStates) -> Asker<'s>
    where
        't: 's,
    {
        Asker {
            states: Some(states),
            ..self
        }
    }
}

#[derive(Debug)]
pub(super) struct Outbox {
    waiting: VecDeque<Letter>,
    /// Somebody is taking them out, one by one.
    delivering: bool,
}

/// A transition and who caused it.
#[derive(Clone, Copy, Debug)]
struct Letter {
    transition: Transition,
    operation: &'static str,
    attempt: u32,
    elapsed: Duration,
}

impl Outbox {
    pub(super) const fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            delivering: false,
        }
    }
}

impl CircuitBreaker {
    /// Makes the machine's era known, and its transition ready to be told.
    pub(super) fn publish(
        &self,
        shared: &mut Shared,
        transition: Option<Transition>,
        asker: &Asker<'_>,
        now: Instant,
    ) {
        self.publish_undated(&shared.machine);
        let era = shared.machine.era().word();
        self.era.store(era, Ordering::Release);
        let watched = self.observer.is_some() || switches::is_set(switches::GLOBAL_OBSERVER);
        if let Some(transition) = transition.filter(|_| watched) {
            let started = asker.started.unwrap_or(now);
            shared.outbox.waiting.push_back(Letter {
                transition,
                operation: asker.operation,
                attempt: asker.attempt,
                elapsed: now.saturating_duration_since(started),
            });
        }
    }

    /// Tells the circuit's observer and the global one, unless somebody else is about to.
    pub(super) fn deliver(&self, transition: Option<Transition>, asker: &Asker<'_>) {
        let Some(own) = transition else {
            return;
        };
        let mut delivering = false;
        loop {
            let mut shared = self.lock();
            let outbox = &mut shared.outbox;
            if outbox.delivering && !delivering {
                return;
            }
            let letter = outbox.waiting.pop_front();
            delivering = letter.is_some();
            outbox.delivering = delivering;
            drop(shared);
            match letter {
                Some(letter) => {
                    // What others have caused has nothing to do with this call.
                    let own = letter.transition.number == own.number;
                    self.tell(&letter, asker.states.filter(|_| own));
                }
                None => return,
            }
        }
    }

    fn tell(&self, letter: &Letter, states: Option<&CallStates>) {
        let event = Event {
            states,
            ..self.event(
                letter.transition,
                letter.operation,
                letter.attempt,
                letter.elapsed,
            )
        };
        for observer in self.observer.into_iter().chain(event::global()) {
            event::notify(observer, &event);
        }
    }

    /// What is said about a transition.
    pub(crate) fn event(
        &self,
        transition: Transition,
        operation: &'static str,
        attempt: u32,
        elapsed: Duration,
    ) -> Event<'_> {
        Event {
            guard: Some(self.name()),
            transition: Some(transition.number),
            serial: Some(transition.serial),
            breaker: Some(self),
            ..Event::new(transition.kind, operation, attempt, elapsed)
        }
    }
}
