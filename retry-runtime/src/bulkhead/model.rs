//! Every interleaving of those who enter, leave, queue, give up and resize.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

use super::{Bulkhead, BulkheadPermit, Ticket, WaitEnd};

/// A bulkhead whose limit never exceeds `most`, and those who are really inside.
struct Room {
    bulkhead: Bulkhead,
    inside: AtomicU32,
    most: u32,
    /// What one at a time may touch: loom reports an access that the one before did not happen before.
    desk: UnsafeCell<()>,
}

impl Room {
    fn new(limit: u32, most: u32) -> Arc<Self> {
        Arc::new(Self {
            bulkhead: Bulkhead::new("room", limit).wait(Duration::MAX),
            inside: AtomicU32::new(0),
            most,
            desk: UnsafeCell::new(()),
        })
    }

    /// Waits until it may enter.
    fn visit(&self) {
        let mut ticket = self.ticket();
        let permit = block_on(poll_fn(|context| ticket.poll(context)));
        self.be_inside(permit);
        ticket.finish(WaitEnd::Granted, Instant::now());
    }

    fn try_visit(&self) {
        if let Some(permit) = self.bulkhead.try_enter() {
            self.be_inside(permit);
        }
    }

    fn be_inside(&self, permit: BulkheadPermit<'_>) {
        let inside = self.inside.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(inside <= self.most, "{inside} are inside");
        if self.most == 1 {
            self.desk.with_mut(|_| ());
        }
        self.inside.fetch_sub(1, Ordering::Relaxed);
        drop(permit);
    }

    /// Looks once and gives up. Whether it was granted.
    fn pass_by(&self) -> bool {
        let mut ticket = self.ticket();
        block_on(poll_fn(|context| {
            Poll::Ready(ticket.poll(context).is_ready())
        }))
    }

    fn ticket(&self) -> Ticket<'_> {
        self.bulkhead.enqueue(Instant::now()).unwrap()
    }

    /// Nobody is inside or waits, and every permit is there.
    fn assert_empty(&self) {
        let statistics = self.bulkhead.statistics();
        assert_eq!((statistics.in_use, statistics.queued), (0, 0));
        let limit = self.bulkhead.max_concurrent();
        let permits: Vec<_> = (0..limit).map(|_| self.bulkhead.try_enter()).collect();
        assert!(permits.iter().all(Option::is_some));
        assert!(self.bulkhead.try_enter().is_none());
    }
}

fn spawn(room: &Arc<Room>, run: impl FnOnce(&Room) + 'static) -> thread::JoinHandle<()> {
    let room = Arc::clone(room);
    thread::spawn(move || run(&room))
}

#[test]
fn no_more_than_the_limit_are_inside() {
    loom::model(|| {
        let room = Room::new(1, 1);
        let others = [spawn(&room, Room::try_visit), spawn(&room, Room::visit)];
        room.try_visit();
        for other in others {
            other.join().unwrap();
        }
        room.assert_empty();
    });
}

#[test]
fn everybody_who_waits_is_woken() {
    loom::model(|| {
        let room = Room::new(1, 1);
        let permit = room.bulkhead.try_enter();
        let others = [spawn(&room, Room::visit), spawn(&room, Room::visit)];
        drop(permit);
        for other in others {
            other.join().unwrap();
        }
        room.assert_empty();
        assert_eq!(room.bulkhead.statistics().acquired, 3 + 1);
    });
}

#[test]
fn a_permit_granted_to_somebody_who_gives_up_goes_to_the_next() {
    loom::model(|| {
        let room = Room::new(1, 1);
        let permit = room.bulkhead.try_enter();
        let gives_up = spawn(&room, |room| {
            room.pass_by();
        });
        let waits = spawn(&room, Room::visit);
        drop(permit);
        gives_up.join().unwrap();
        waits.join().unwrap();
        room.assert_empty();
    });
}

#[test]
fn a_permit_granted_to_somebody_who_times_out_goes_back() {
    loom::model(|| {
        let room = Room::new(1, 1);
        let permit = room.bulkhead.try_enter();
        let times_out = spawn(&room, |room| {
            let mut ticket = room.ticket();
            if let Some(permit) = ticket.try_take() {
                room.be_inside(permit);
            }
            ticket.finish(WaitEnd::TimedOut, Instant::now());
        });
        drop(permit);
        times_out.join().unwrap();
        room.assert_empty();
    });
}

#[test]
fn a_smaller_limit_holds_from_the_moment_at_which_those_above_it_have_left() {
    loom::model(|| {
        let room = Room::new(2, 1);
        let permits = [room.bulkhead.try_enter(), room.bulkhead.try_enter()];
        let waits = spawn(&room, Room::visit);
        let resizes = spawn(&room, |room| room.bulkhead.resize(1));
        resizes.join().unwrap();
        drop(permits);
        waits.join().unwrap();
        assert_eq!(room.bulkhead.max_concurrent(), 1);
        room.assert_empty();
    });
}

#[test]
fn a_permit_that_is_given_back_while_the_limit_changes_is_not_lost() {
    loom::model(|| {
        let room = Room::new(2, 2);
        let permits = [room.bulkhead.try_enter(), room.bulkhead.try_enter()];
        let resizes = spawn(&room, |room| room.bulkhead.resize(1));
        let waits = spawn(&room, Room::visit);
        drop(permits);
        resizes.join().unwrap();
        waits.join().unwrap();
        room.assert_empty();
    });
}

#[test]
fn a_greater_limit_lets_those_in_who_wait() {
    loom::model(|| {
        let room = Room::new(1, 2);
        let permit = room.bulkhead.try_enter();
        let waits = spawn(&room, Room::visit);
        room.bulkhead.resize(2);
        waits.join().unwrap();
        drop(permit);
        room.assert_empty();
    });
}

#[test]
fn everybody_who_gets_a_permit_is_counted_once() {
    const MANY: u64 = 1 << 30;
    loom::model(|| {
        let room = Room::new(2, 2);
        room.bulkhead.gate.pretend_entries(MANY);
        let others = [spawn(&room, Room::try_visit), spawn(&room, Room::visit)];
        let acquired = room.bulkhead.statistics().acquired;
        assert!((MANY..=MANY + 2).contains(&acquired), "{acquired}");
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(room.bulkhead.statistics().acquired, MANY + 2);
        room.assert_empty();
    });
}

#[test]
fn what_a_holder_has_done_is_seen_by_the_next() {
    loom::model(|| {
        let room = Room::new(1, 1);
        let waits = spawn(&room, Room::visit);
        room.try_visit();
        room.try_visit();
        waits.join().unwrap();
    });
}
