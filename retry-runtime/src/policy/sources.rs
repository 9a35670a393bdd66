//! Which backoffs can give delays in one call, and how many each: what the earliest and the
//! latest start of an attempt are computed from.

use super::Policy;
use crate::{Backoff, ErrorClass};

/// The policy's own backoff and one per class.
pub(super) const SLOTS: usize = 1 + ErrorClass::ALL.len();

/// A backoff and how many delays it can give in one call.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) backoff: &'a Backoff,
    /// `u32::MAX` when no cap ends it.
    pub(crate) delays: u32,
}

impl Policy {
    /// The backoffs in play, by slot: those that answer a class which is retried.
    ///
    /// A class with a cap of c is retried c−1 times, so it takes at most c−1 delays; classes that
    /// share the policy's own backoff draw on it together.
    pub(crate) const fn sources(&self) -> [Option<Source<'_>>; SLOTS] {
        let mut sources: [Option<Source<'_>>; SLOTS] = [None; SLOTS];
        let mut index = 0;
        while index < ErrorClass::ALL.len() {
            let class = ErrorClass::ALL[index];
            index += 1;
            let delays = match self.class_cap(class) {
                _ if !self.is_retried(class) => 0,
                Some(cap) => cap - 1,
                None => u32::MAX,
            };
            let Some(backoff) = self.backoff_for(class) else {
                continue;
            };
            if delays == 0 {
                continue;
            }
            let slot = self.backoff_slot(class);
            let earlier = match sources[slot] {
                Some(source) => source.delays,
                None => 0,
            };
            sources[slot] = Some(Source {
                backoff,
                delays: earlier.saturating_add(delays),
            });
        }
        sources
    }

    /// How many retries the backoffs, the caps of the classes and the limit on attempts allow
    /// together; `None` when nothing ends them.
    pub(crate) const fn possible_retries(&self) -> Option<u32> {
        let sources = self.sources();
        let mut delays = 0_u32;
        let mut slot = 0;
        while slot < SLOTS {
            if let Some(source) = sources[slot] {
                delays = delays.saturating_add(source.delays);
            }
            slot += 1;
        }
        match self.max_attempts() {
            Some(attempts) if attempts - 1 < delays => Some(attempts - 1),
            None if delays == u32::MAX => None,
            _ => Some(delays),
        }
    }
}
