//! So many retries in any window of that length, exactly.

use std::sync::PoisonError;
use std::time::Duration;

use crate::recent::Recent;
use crate::sync::{Mutex, MutexGuard};
use crate::time::TimeSource;

/// The retries of the last window.
#[derive(Debug, Default)]
pub(super) struct PerWindow {
    retries: Mutex<Recent>,
}

impl PerWindow {
    #[cfg(not(retry_loom))]
    pub(super) const fn new() -> Self {
        Self {
            retries: Mutex::new(Recent::new()),
        }
    }

    pub(super) fn take(&self, most: usize, window: Duration, time: TimeSource<'_>) -> Option<u64> {
        let mut retries = self.lock();
        let now = time.now();
        (retries.count(now, window) < most).then(|| retries.push(now, most))
    }

    pub(super) fn give_back(&self, ticket: u64) {
        self.lock().take_back(ticket);
    }

    pub(super) fn remaining(&self, most: usize, window: Duration, time: TimeSource<'_>) -> u64 {
        let mut retries = self.lock();
        let left = most.saturating_sub(retries.count(time.now(), window));
        u64::try_from(left).unwrap_or(u64::MAX)
    }

    pub(super) fn reset(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Recent> {
        // A clock that panics under the lock is read before anything changes.
        self.retries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
