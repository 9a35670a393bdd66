//! The shared guards of a call: what it holds of them while it runs. Dropping that gives everything back and says nothing.

use std::mem::{self, ManuallyDrop};
use std::num::NonZeroU64;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use crate::breaker::{Asker, CircuitBreaker, CircuitPermit, Parts, Transition};
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

/// A call's guards, and what it has got from them.
///
/// The permits are taken apart, and put together where they are used: a call that is guarded is made with all of these words set to nothing, and
/// the compiler writes each where it belongs. Parts that are left open it would copy from one place to the other with what is around them, and
/// the processor waits where a copy is of other parts than were written.
pub struct Held<'a> {
    guards: Guards<'a>,
    /// Which of them it holds: [`CIRCUIT`], [`BULKHEAD`], [`TOKEN`], [`QUEUE`]. A byte, as that is what the compiler writes to set one of them: a
    /// larger number would be read in other parts than were written.
    holds: u8,
    circuit: Parts,
    /// Of the token for the retry that is to come.
    ticket: u64,
    /// The place in the bulkhead's queue. Few calls wait, and they can afford the block.
    queue: ManuallyDrop<Option<Box<Queue<'a>>>>,
}

const CIRCUIT: u8 = 1;
const BULKHEAD: u8 = 2;
const TOKEN: u8 = 4;
const QUEUE: u8 = 8;

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.holds != 0 {
            self.give_back();
        }
    }
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

/// How long a circuit stays open, if that is known: in nanoseconds, so that it fits where a time does.
#[derive(Clone, Copy)]
pub(super) struct UntilProbe(Option<NonZeroU64>);

impl UntilProbe {
    /// `None` for a time that it cannot hold: zero, or one of more nanoseconds than there are numbers.
    fn new(left: Option<Duration>) -> Option<Self> {
        let Some(left) = left else {
            return Some(Self(None));
        };
        let nanos = u64::try_from(left.as_nanos()).ok()?;
        NonZeroU64::new(nanos).map(|nanos| Self(Some(nanos)))
    }

    pub(super) fn get(self) -> Option<Duration> {
        self.0.map(|nanos| Duration::from_nanos(nanos.get()))
    }
}

impl<'a> Held<'a> {
    #[inline]
    pub(crate) const fn new(guards: Guards<'a>) -> Self {
        Self {
            guards,
            holds: 0,
            circuit: Parts::NONE,
            ticket: 0,
            queue: ManuallyDrop::new(None),
        }
    }

    /// Lets the first attempt start if no guard has anything against it: a shortcut through the rows B3 to B5 where none of them can say no.
    #[inline]
    pub(super) fn start_at_once(&mut self, time: TimeSource<'_>) -> bool {
        let may_be_refused = self.guards.breaker.is_some() || self.guards.bulkhead.is_some();
        if may_be_refused && !self.enter_at_once(time) {
            return false;
        }
        if let Some(budget) = self.guards.budget {
            budget.deposit_on(time);
        }
        true
    }

    #[inline(never)]
    fn enter_at_once(&mut self, time: TimeSource<'_>) -> bool {
        // The circuit first, as a permit of a closed one can be dropped without a trace.
        if let Some(breaker) = self.guards.breaker {
            let Some(permit) = breaker.enter_closed(time) else {
                return false;
            };
            self.put_circuit(permit);
        }
        if let Some(bulkhead) = self.guards.bulkhead {
            let Some(permit) = bulkhead.try_enter() else {
                self.give_back();
                return false;
            };
            self.put_bulkhead(permit);
        }
        true
    }

    /// Refuses the first attempt if the circuit is open, and says until when. `None` also if it cannot say: the long way can.
    pub(super) fn refuse_at_once(&self, time: TimeSource<'_>) -> Option<UntilProbe> {
        let breaker = self.guards.breaker?;
        let until_probe = UntilProbe::new(breaker.shut(time)?.until_probe)?;
        breaker.count_rejection();
        Some(until_probe)
    }

    /// An attempt starts: what was asked for it is used.
    pub(super) fn start(&mut self, first: bool, time: TimeSource<'_>) {
        if let Some(token) = self.take_token() {
            token.spend();
        }
        if let Some(budget) = self.guards.budget.filter(|_| first) {
            budget.deposit_on(time);
        }
    }

    /// An attempt has succeeded. Whether that was all: else its [vote](Self::vote_success) is still to come, which may have consequences.
    #[inline]
    pub(super) fn succeed_at_once(&mut self) -> bool {
        if let Some(budget) = self.guards.budget {
            budget.succeed();
        }
        let entered = self.guards.breaker.is_some() || self.guards.bulkhead.is_some();
        !entered || self.leave_at_once()
    }

    #[inline(never)]
    fn leave_at_once(&mut self) -> bool {
        drop(self.take_bulkhead());
        let Some(breaker) = self.guards.breaker else {
            return true;
        };
        if self.holds & CIRCUIT == 0 {
            return true;
        }
        // The permit stays where it is: the processor would wait for its two words to be put together.
        let told = breaker.note_success(&self.circuit);
        if told {
            self.holds &= !CIRCUIT;
        }
        told
    }

    #[cold]
    pub(super) fn vote_success(&mut self, asker: &Asker<'_>) -> Option<Transition> {
        self.take_circuit()?.vote_success(asker)
    }

    /// An attempt has succeeded.
    pub(super) fn succeed(&mut self, asker: &Asker<'_>) -> Option<Transition> {
        if self.succeed_at_once() {
            return None;
        }
        self.vote_success(asker)
    }

    /// An attempt has failed. Where the call votes as a whole, that is not its vote yet.
    pub(super) fn fail(
        &mut self,
        failure: Classification,
        asker: &Asker<'_>,
    ) -> Option<Transition> {
        drop(self.take_bulkhead());
        if self.votes_per_call() {
            return None;
        }
        self.take_circuit()?.fail_for(failure, asker)
    }

    /// The failure has been answered, with another attempt or the end of the call.
    pub(super) fn conclude(
        &mut self,
        failure: Classification,
        retried: bool,
        asker: &Asker<'_>,
    ) -> Option<Transition> {
        let permit = self.take_circuit();
        if retried {
            return None;
        }
        drop(self.take_token());
        permit?.fail_for(failure, asker)
    }

    fn votes_per_call(&self) -> bool {
        self.guards
            .breaker
            .is_some_and(|breaker| breaker.settings().per_call)
    }

    /// The call ends before another attempt, for which it has no permit of the circuit yet. How long it has queued, if it still did.
    pub(super) fn end(&mut self, time: TimeSource<'_>) -> Option<Waited> {
        drop(self.take_token());
        // Whoever got his place and cannot use it has not left the queue before.
        let waited = match self.take_bulkhead() {
            Some(_) => WaitEnd::Granted,
            None => WaitEnd::GivenUp,
        };
        let queue = self.take_queue()?;
        Some(queue.finish(waited, time.now()))
    }

    /// Looks whether the call has got the place that it queues for.
    pub(super) fn poll_queue(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let inside = self.is_inside();
        let Some(queue) = &mut *self.queue else {
            return Poll::Pending;
        };
        if inside {
            return Poll::Ready(());
        }
        let permit = ready!(queue.ticket.poll(context));
        self.put_bulkhead(permit);
        Poll::Ready(())
    }

    pub(super) const fn queues(&self) -> bool {
        self.holds & QUEUE != 0
    }

    /// The guards of a call, if it has any.
    pub(super) fn guards_of(held: Option<&Self>) -> Guards<'a> {
        held.map_or_else(Guards::new, |held| held.guards)
    }
}

/// What it holds.
impl<'a> Held<'a> {
    #[inline]
    fn put_circuit(&mut self, permit: CircuitPermit<'a>) {
        self.holds |= CIRCUIT;
        self.circuit = permit.into_parts();
    }

    #[inline]
    fn take_circuit(&mut self) -> Option<CircuitPermit<'a>> {
        let breaker = self.guards.breaker.filter(|_| self.lets_go_of(CIRCUIT))?;
        Some(CircuitPermit::of(breaker, self.circuit))
    }

    #[inline]
    fn put_bulkhead(&mut self, permit: BulkheadPermit<'a>) {
        self.holds |= BULKHEAD;
        mem::forget(permit);
    }

    #[inline]
    fn take_bulkhead(&mut self) -> Option<BulkheadPermit<'a>> {
        let bulkhead = self.guards.bulkhead.filter(|_| self.lets_go_of(BULKHEAD))?;
        Some(BulkheadPermit::of(bulkhead))
    }

    fn put_token(&mut self, token: BudgetToken<'a>) {
        self.holds |= TOKEN;
        self.ticket = token.into_ticket();
    }

    fn take_token(&mut self) -> Option<BudgetToken<'a>> {
        let budget = self.guards.budget.filter(|_| self.lets_go_of(TOKEN))?;
        Some(BudgetToken::of(budget, self.ticket))
    }

    fn put_queue(&mut self, queue: Queue<'a>) {
        self.holds |= QUEUE;
        *self.queue = Some(Box::new(queue));
    }

    fn take_queue(&mut self) -> Option<Box<Queue<'a>>> {
        self.holds &= !QUEUE;
        self.queue.take()
    }

    const fn is_inside(&self) -> bool {
        self.holds & BULKHEAD != 0
    }

    /// Whether it was held; not any more.
    #[inline]
    const fn lets_go_of(&mut self, what: u8) -> bool {
        let held = self.holds & what != 0;
        self.holds &= !what;
        held
    }

    #[cold]
    #[inline(never)]
    fn give_back(&mut self) {
        drop(self.take_circuit());
        drop(self.take_bulkhead());
        drop(self.take_token());
        drop(self.take_queue());
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
        if let Some(mut queue) = held.take_queue() {
            if !held.is_inside() {
                if let Some(permit) = queue.ticket.try_take() {
                    held.put_bulkhead(permit);
                }
            }
            let (end, place) = match (held.is_inside(), queue.ends_with_deadline) {
                (true, _) => (WaitEnd::Granted, Place::Inside),
                (false, false) => (WaitEnd::TimedOut, Place::Full),
                (false, true) => (WaitEnd::GivenUp, Place::Late),
            };
            self.waited = Some(queue.finish(end, self.asker.time.now()));
            return place;
        }
        self.waited = Some(Waited::NOT);
        if let Some(permit) = bulkhead.try_enter() {
            held.put_bulkhead(permit);
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
        held.put_queue(Queue {
            ticket,
            ends_with_deadline,
        });
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
                held.put_circuit(permit);
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
        let Some(token) = budget.withdraw_on(class, self.asker.time) else {
            return false;
        };
        held.put_token(token);
        true
    }
}
