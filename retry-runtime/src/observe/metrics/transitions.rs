//! Which transitions of circuits have been counted.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many are remembered. A transition that is told twice is told by its call and its circuit at almost the same time, and so many others do
/// not come between.
const REMEMBERED: usize = 256;

/// The latest transitions that were counted, by their serial numbers.
#[derive(Default)]
pub(super) struct Transitions(Mutex<VecDeque<u64>>);

impl Transitions {
    /// Whether it has not been counted before.
    pub(super) fn count(&self, serial: u64) -> bool {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.contains(&serial) {
            return false;
        }
        if counted.len() == REMEMBERED {
            counted.pop_front();
        }
        counted.push_back(serial);
        true
    }
}
