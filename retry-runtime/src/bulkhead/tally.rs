//! What is counted about those who queued.

use std::time::Duration;

use super::waits::Waits;

/// How somebody's wait in the queue ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitEnd {
    /// With a permit.
    Granted,
    /// He waited as long as the bulkhead lets him.
    TimedOut,
    /// He was aborted or dropped.
    GivenUp,
}

#[derive(Clone)]
pub(super) struct Tally {
    pub(super) timed_out: u64,
    pub(super) given_up: u64,
    pub(super) contended: u64,
    pub(super) waits: Waits,
}

impl Tally {
    pub(super) const fn new() -> Self {
        Self {
            timed_out: 0,
            given_up: 0,
            contended: 0,
            waits: Waits::new(),
        }
    }

    /// `waited` is not known of somebody who was dropped without a clock.
    pub(super) fn record(&mut self, ended: WaitEnd, waited: Option<Duration>, contended: bool) {
        // A count of 64 bits does not overflow in the life of a program.
        match ended {
            WaitEnd::Granted => {}
            WaitEnd::TimedOut => self.timed_out += 1,
            WaitEnd::GivenUp => self.given_up += 1,
        }
        self.contended += u64::from(contended);
        if let Some(waited) = waited {
            self.waits.record(waited);
        }
    }
}
