//! The shared guards of a call: what it holds of them while it runs. Dropping that gives everything back and says nothing.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::breaker::{Asker, CircuitBreaker, CircuitPermit, Transition};
use crate::budget::{Budget, BudgetToken};
use crate::bulkhead::{Bulkhead, BulkheadPermit, Ticket, WaitEnd};
use crate::class::{Classification, ErrorClass};
use crate::engine::{Gate, Place};
use crate::guard::Identity;
use crate::outcome::StopReason;
use crate::time::TimeSource;

/// The guards that a call has.
#[derive(Clone, Copy, Default)]
pub struct Guards<'a> {
    pub(crate) breaker: Option<&'a CircuitBreaker>,
    pub(crate) budget: Option<&'a Budget>,
    pub(crate) bulkhead: Option<&'a Bulkhead>,
}

impl<'a> Guards<'a> {
    /// None yet.
    #[must_use]
    #[inline]
    pub const fn new() -> Self {
        Self {
            breaker: None,
            budget: None,
            bulkhead: None,
        }
    }

    /// The key `breaker`.
    #[must_use]
    #[inline]
    pub const fn breaker(mut self, breaker: &'a CircuitBreaker) -> Self {
        self.breaker = Some(breaker);
        self
    }

    /// The key `budget`.
    #[must_use]
    #[inline]
    pub const fn budget(mut self, budget: &'a Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// The key `bulkhead`.
    #[must_use]
    #[inline]
    pub const fn bulkhead(mut self, bulkhead: &'a Bulkhead) -> Self {
        self.bulkhead = Some(bulkhead);
        self
    }

    /// The guard that stops a call for this reason.
    pub(super) fn stopped_by(self, reason: StopReason) -> Option<&'a Identity> {
        match reason {
            StopReason::CircuitOpen => self.breaker.map(CircuitBreaker::identity),
            StopReason::BudgetExhausted => self.budget.map(Budget::identity),
            StopReason::BulkheadFull => self.bulkhead.map(Bulkhead::identity),
            _ => None,
        }
    }
}

/// A call without guards, which has nothing to hold.
#[derive(Clone, Copy, Debug)]
pub struct Unguarded;

/// Whether a call has guards, as a type, so that one that has none pays for none.
pub trait Guarding {
    /// It has no lifetime of its own, which the guards would have to outlive: inside an async block the compiler forgets lifetimes, knows of
    /// nothing that it outlives anything, and would not take the future of a call with guards for `Send`.
    #[doc(hidden)]
    type Holding;

    #[doc(hidden)]
    fn begin(&self) -> Self::Holding;
}

/// What a call holds while it runs.
pub trait Holding<'a> {
    #[doc(hidden)]
    fn held(&mut self) -> Option<&mut Held<'a>>;
}

impl Guarding for Unguarded {
    type Holding = Self;

    #[inline]
    fn begin(&self) -> Self {
        Self
    }
}

impl<'a> Holding<'a> for Unguarded {
    #[inline]
    fn held(&mut self) -> Option<&mut Held<'a>> {
        None
    }
}

impl<'a> Guarding for Guards<'a> {
    type Holding = Held<'a>;

    #[inline]
    fn begin(&self) -> Held<'a> {
        Held::new(*self)
    }
}

impl<'a> Holding<'a> for Held<'a> {
    #[inline]
    fn held(&mut self) -> Option<&mut Self> {
        Some(self)
    }
}

/// What a call has got from its guards.
pub struct Held<'a> {
    guards: Guards<'a>,
    circuit: Option<CircuitPermit<'a>>,
    bulkhead: Option<BulkheadPermit<'a>>,
    /// For the retry that is to come.
    token: Option<BudgetToken<'a>>,
    /// The place in the bulkhead's queue. Few calls wait, and they can afford the block.
    queue: Option<Box<Queue<'a>>>,
}

/// A call that waits for the bulkhead.
struct Queue<'a> {
    ticket: Ticket<'a>,
    /// The deadline comes before the bulkhead's own limit.
    ends_with_deadline: bool,
}

/// A wait for the bulkhead that is over.
#[derive(Clone, Copy)]
pub(super) struct Waited {
    pub(super) long: Duration,
    /// It was so long that it is told.
    pub(super) contended: bool,
}

impl Waited {
    const NOT: Self = Self {
        long: Duration::ZERO,
        contended: false,
    };
}

impl Queue<'_> {
    fn finish(mut self, end: WaitEnd, now: Instant) -> Waited {
        let contended = self.ticket.finish(end, now);
        Waited {
            long: self.ticket.waited(now),
            contended,
        }
    }
}

impl<'a> Held<'a> {
    #[inline]
    pub(crate) const fn new(guards: Guards<'a>) -> Self {
        Self {
            guards,
            circuit: None,
            bulkhead: None,
            token: None,
            queue: None,
        }
    }

    /// Lets the first attempt start if no guard has anything against it: a shortcut through the rows B3 to B5 where none of them can say no.
    #[inline]
    pub(super) fn start_at_once(&mut self, time: TimeSource<'_>) -> bool {
        // The circuit first, as a permit of a closed one can be dropped without a trace.
        if let Some(breaker) = self.guards.breaker {
            self.circuit = breaker.enter_closed(time);
            if self.circuit.is_none() {
                return false;
            }
        }
        if let Some(bulkhead) = self.guards.bulkhead {
            self.bulkhead = bulkhead.try_enter();
            if self.bulkhead.is_none() {
                self.circuit = None;
                return false;
            }
        }
        self.start(true, time);
        true
    }

    /// An attempt starts: what was asked for it is used.
    #[inline]
    pub(super) fn start(&mut self, first: bool, time: TimeSource<'_>) {
        if let Some(token) = self.token.take() {
            token.spend();
        }
        if let Some(budget) = self.guards.budget.filter(|_| first) {
            budget.deposit_on(time);
        }
    }

    /// An attempt has succeeded.
    #[inline]
    pub(super) fn succeed(&mut self, asker: &Asker<'_>) -> Option<Transition> {
        self.bulkhead = None;
        if let Some(budget) = self.guards.budget {
            budget.succeed();
        }
        let permit = self.circuit.take()?;
        permit.succeed_for(asker)
    }

    /// An attempt has failed. Where the call votes as a whole, that is not its vote yet.
    pub(super) fn fail(
        &mut self,
        failure: Classification,
        asker: &Asker<'_>,
    ) -> Option<Transition> {
        self.bulkhead = None;
        if self.votes_per_call() {
            return None;
        }
        self.circuit.take()?.fail_for(failure, asker)
    }

    /// The failure has been answered, with another attempt or the end of the call.
    pub(super) fn conclude(
        &mut self,
        failure: Classification,
        retried: bool,
        asker: &Asker<'_>,
    ) -> Option<Transition> {
        let permit = self.circuit.take();
        if retried {
            return None;
        }
        self.token = None;
        permit?.fail_for(failure, asker)
    }

    fn votes_per_call(&self) -> bool {
        self.guards
            .breaker
            .is_some_and(|breaker| breaker.settings().per_call)
    }

    /// The call ends before another attempt, for which it has no permit of the circuit yet. How long it has queued, if it still did.
    pub(super) fn end(&mut self, time: TimeSource<'_>) -> Option<Waited> {
        self.token = None;
        // Whoever got his place and cannot use it has not left the queue before.
        let waited = match self.bulkhead.take() {
            Some(_) => WaitEnd::Granted,
            None => WaitEnd::GivenUp,
        };
        let queue = self.queue.take()?;
        Some(queue.finish(waited, time.now()))
    }

    /// Looks whether the call has got the place that it queues for.
    pub(super) fn poll_queue(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(queue) = &mut self.queue else {
            return Poll::Pending;
        };
        if self.bulkhead.is_some() {
            return Poll::Ready(());
        }
        queue
            .ticket
            .poll(context)
            .map(|permit| self.bulkhead = Some(permit))
    }

    pub(super) const fn queues(&self) -> bool {
        self.queue.is_some()
    }

    /// The guards of a call, if it has any.
    pub(super) fn guards_of(held: Option<&Self>) -> Guards<'a> {
        held.map_or_else(Guards::new, |held| held.guards)
    }
}

/// The guards at a moment, as the engine asks them, and what they said besides yes and no.
pub(super) struct AtGate<'g, 'a, 't> {
    pub(super) held: Option<&'g mut Held<'a>>,
    pub(super) asker: Asker<'t>,
    /// Until the deadline, if there is one.
    pub(super) remaining: Option<Duration>,
    /// How long the circuit stays open.
    pub(super) until_probe: Option<Duration>,
    /// How the call has come by its place in the bulkhead, or has not.
    pub(super) waited: Option<Waited>,
    /// How long the call may queue.
    pub(super) may_queue: Duration,
    /// When it began to.
    pub(super) queued_at: Option<Instant>,
    pub(super) transition: Option<Transition>,
}

impl<'g, 'a, 't> AtGate<'g, 'a, 't> {
    pub(super) const fn new(held: Option<&'g mut Held<'a>>, asker: Asker<'t>) -> Self {
        Self {
            held,
            asker,
            remaining: None,
            until_probe: None,
            waited: None,
            may_queue: Duration::ZERO,
            queued_at: None,
            transition: None,
        }
    }
}

impl Gate for AtGate<'_, '_, '_> {
    fn is_shut(&mut self) -> bool {
        let breaker = self.held.as_ref().and_then(|held| held.guards.breaker);
        let Some((breaker, shut)) = breaker.and_then(|breaker| {
            let shut = breaker.shut(self.asker.time)?;
            Some((breaker, shut))
        }) else {
            return false;
        };
        breaker.count_rejection();
        self.until_probe = shut.until_probe;
        true
    }

    fn enter_bulkhead(&mut self) -> Place {
        let Some(held) = self.held.as_deref_mut() else {
            return Place::Inside;
        };
        let Some(bulkhead) = held.guards.bulkhead else {
            return Place::Inside;
        };
        if let Some(mut queue) = held.queue.take() {
            if held.bulkhead.is_none() {
                held.bulkhead = queue.ticket.try_take();
            }
            let (end, place) = match (&held.bulkhead, queue.ends_with_deadline) {
                (Some(_), _) => (WaitEnd::Granted, Place::Inside),
                (None, false) => (WaitEnd::TimedOut, Place::Full),
                (None, true) => (WaitEnd::GivenUp, Place::Late),
            };
            self.waited = Some(queue.finish(end, self.asker.time.now()));
            return place;
        }
        self.waited = Some(Waited::NOT);
        held.bulkhead = bulkhead.try_enter();
        if held.bulkhead.is_some() {
            return Place::Inside;
        }
        let now = self.asker.time.now();
        let Ok(mut ticket) = bulkhead.enqueue(now) else {
            return Place::Full;
        };
        if let Some(time) = self.asker.time.for_good() {
            ticket = ticket.timed_by(time);
        }
        let wait = bulkhead.longest_wait_allowed();
        let ends_with_deadline = self.remaining.is_some_and(|remaining| remaining <= wait);
        self.may_queue = self.remaining.map_or(wait, |remaining| remaining.min(wait));
        self.queued_at = Some(now);
        held.queue = Some(Box::new(Queue {
            ticket,
            ends_with_deadline,
        }));
        Place::Queueing
    }

    fn enter_circuit(&mut self) -> bool {
        let Some(held) = self.held.as_deref_mut() else {
            return true;
        };
        let Some(breaker) = held.guards.breaker else {
            return true;
        };
        let (entered, transition) = breaker.enter(&self.asker);
        self.transition = transition;
        match entered {
            Ok(permit) => {
                held.circuit = Some(permit);
                true
            }
            Err(until_probe) => {
                self.until_probe = until_probe;
                false
            }
        }
    }

    fn withdraw(&mut self, class: ErrorClass) -> bool {
        let Some(held) = self.held.as_deref_mut() else {
            return true;
        };
        let Some(budget) = held.guards.budget else {
            return true;
        };
        held.token = budget.withdraw_on(class, self.asker.time);
        held.token.is_some()
    }
}
