//! A place in the queue.

use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::full::Why;
use super::gate::Joined;
use super::{Bulkhead, BulkheadFull, BulkheadPermit, WaitEnd};
use crate::time::TimeSource;

/// A place in the queue. Dropping it leaves the queue; a permit already granted to it goes to the next in line or back.
///
/// Who has waited says so with [`finish`](Self::finish). Who is dropped while he waits has given up; how long he has waited is then known if
/// the ticket knows his clock, see [`timed_by`](Self::timed_by).
#[must_use = "dropping a ticket leaves the queue"]
pub(crate) struct Ticket<'a> {
    bulkhead: &'a Bulkhead,
    since: Instant,
    time: Option<TimeSource<'a>>,
    /// None if there was room after all: then nobody waits.
    number: Option<u64>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It has a place in the queue, or a permit that is still to be taken.
    Open,
    /// Its permit has been taken.
    Taken,
    /// How the wait ended has been recorded.
    Finished,
}

impl<'a> Ticket<'a> {
    pub(super) const fn new(bulkhead: &'a Bulkhead, since: Instant, joined: &Joined) -> Self {
        Self {
            bulkhead,
            since,
            time: None,
            number: match *joined {
                Joined::Entered => None,
                Joined::Waits(number) => Some(number),
            },
            stage: Stage::Open,
        }
    }

    /// Lets the ticket read the clock of the one who waits, if it is dropped.
    pub(crate) const fn timed_by(mut self, time: TimeSource<'a>) -> Self {
        self.time = Some(time);
        self
    }

    /// How long the one who waits has been waiting.
    pub(crate) fn waited(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    /// Ready when the permit has been granted. The waker takes the place of an older one.
    ///
    /// # Panics
    ///
    /// If the permit has been taken, or the wait is over.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<BulkheadPermit<'a>> {
        assert!(
            self.stage == Stage::Open,
            "a ticket was polled after its wait"
        );
        // Before the lock is taken: cloning is the runtime's code.
        let waker = context.waker().clone();
        self.look(Some(waker)).map_or(Poll::Pending, Poll::Ready)
    }

    /// Looks without a waker.
    pub(crate) fn try_take(&mut self) -> Option<BulkheadPermit<'a>> {
        self.look(None)
    }

    /// Records how the wait ended at `now`, leaves the queue if it was without a permit, and says whether the wait was contention.
    ///
    /// To be called once; more often does nothing. No wait is recorded for a ticket that was granted from the start.
    pub(crate) fn finish(&mut self, ended: WaitEnd, now: Instant) -> bool {
        let waited = self.waited(now);
        self.end(ended, Some(waited))
    }

    /// What to say to the one who has waited in vain.
    pub(super) fn timed_out(&self, now: Instant) -> BulkheadFull {
        self.bulkhead.full(Why::TimedOut(self.waited(now)))
    }

    fn look(&mut self, waker: Option<Waker>) -> Option<BulkheadPermit<'a>> {
        let is_granted = |number| self.bulkhead.gate.is_granted(number, waker);
        if self.stage != Stage::Open || !self.number.is_none_or(is_granted) {
            return None;
        }
        self.stage = Stage::Taken;
        Some(self.bulkhead.admit())
    }

    fn end(&mut self, ended: WaitEnd, waited: Option<Duration>) -> bool {
        let stage = std::mem::replace(&mut self.stage, Stage::Finished);
        let gate = &self.bulkhead.gate;
        let contention_after = self.bulkhead.settings.contention_after;
        let contended = waited.is_some_and(|waited| waited > contention_after);
        match (stage, self.number) {
            (Stage::Finished, _) | (Stage::Taken, None) => return false,
            (Stage::Open, None) => {
                gate.leave();
                return false;
            }
            (Stage::Open, Some(number)) => {
                gate.give_up(number, |tally| tally.record(ended, waited, contended));
            }
            (Stage::Taken, Some(_)) => {
                gate.record(|tally| tally.record(ended, waited, contended));
            }
        }
        contended
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if self.stage == Stage::Open {
            let waited = self.time.map(|time| self.waited(time.now()));
            self.end(WaitEnd::GivenUp, waited);
        }
    }
}

#[cfg(all(test, not(retry_loom)))]
mod tests {
    //! What no caller of the public interface does, but a driver may.

    use std::task::{Context, Waker};
    use std::time::{Duration, Instant};

    use crate::Bulkhead;
    use crate::bulkhead::WaitEnd;

    const fn patient() -> Bulkhead {
        Bulkhead::new("pool", 1)
            .wait(Duration::MAX)
            .contention_after(Duration::ZERO)
    }

    fn start() -> (Instant, Instant) {
        let now = Instant::now();
        (now, now + Duration::from_secs(1))
    }

    #[test]
    fn a_ticket_granted_from_the_start_has_not_waited() {
        let (pool, (now, later)) = (patient(), start());
        let mut ticket = pool.enqueue(now).unwrap();
        let permit = ticket.try_take();
        assert!(permit.is_some());
        assert!(!ticket.finish(WaitEnd::Granted, later));
        drop(ticket);
        let statistics = pool.statistics();
        assert_eq!((statistics.in_use, statistics.acquired), (1, 1));
        assert_eq!((statistics.waits(), statistics.given_up), (0, 0));
    }

    #[test]
    fn a_permit_that_was_not_taken_goes_back_and_is_no_acquisition() {
        let (pool, (now, later)) = (patient(), start());
        drop(pool.enqueue(now).unwrap());
        let mut ticket = pool.enqueue(now).unwrap();
        assert!(!ticket.finish(WaitEnd::TimedOut, later));
        let statistics = pool.statistics();
        assert_eq!((statistics.in_use, statistics.acquired), (0, 0));
        assert_eq!((statistics.given_up, statistics.timed_out), (0, 0));
    }

    #[test]
    fn a_wait_is_recorded_once() {
        let (pool, (now, later)) = (patient(), start());
        let permit = pool.try_enter();
        let mut ticket = pool.enqueue(now).unwrap();
        drop(permit);
        let permit = ticket.try_take();
        assert!(permit.is_some() && ticket.try_take().is_none());
        assert!(ticket.finish(WaitEnd::Granted, later));
        assert!(!ticket.finish(WaitEnd::Granted, later));
        drop(ticket);
        let statistics = pool.statistics();
        assert_eq!((statistics.contended, statistics.waits()), (1, 1));
        assert_eq!((statistics.in_use, statistics.acquired), (1, 2));
    }

    #[test]
    fn who_gives_up_leaves_the_queue_at_once() {
        let (pool, (now, later)) = (patient(), start());
        let _permit = pool.try_enter();
        let mut ticket = pool.enqueue(now).unwrap();
        assert!(ticket.finish(WaitEnd::GivenUp, later));
        assert!(ticket.try_take().is_none());
        let statistics = pool.statistics();
        assert_eq!((statistics.queued, statistics.given_up), (0, 1));
    }

    #[test]
    fn a_ticket_dropped_without_a_clock_has_waited_for_nobody_knows_how_long() {
        let (pool, (now, _)) = (patient(), start());
        let _permit = pool.try_enter();
        drop(pool.enqueue(now).unwrap());
        let statistics = pool.statistics();
        assert_eq!((statistics.queued, statistics.given_up), (0, 1));
        assert_eq!((statistics.contended, statistics.waits()), (0, 0));
    }

    #[test]
    #[should_panic(expected = "a ticket was polled after its wait")]
    fn a_ticket_is_not_polled_after_its_wait() {
        let (pool, (now, later)) = (patient(), start());
        let mut ticket = pool.enqueue(now).unwrap();
        ticket.finish(WaitEnd::GivenUp, later);
        let _ = ticket.poll(&mut Context::from_waker(Waker::noop()));
    }
}
