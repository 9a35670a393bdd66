//! The process-wide switches, in one byte, so that a call that needs none of them pays for one relaxed load.

use std::sync::atomic::{AtomicU8, Ordering};

/// A global observer is installed.
pub(crate) const GLOBAL_OBSERVER: u8 = 1;
/// No call sleeps between attempts.
pub(crate) const SKIP_WAITS: u8 = 1 << 1;
/// Every call has one attempt.
pub(crate) const RUN_ONCE: u8 = 1 << 2;
/// Some thread has, or had, a simulation of its own.
pub(crate) const SIMULATED: u8 = 1 << 3;

/// Each bit is independent. What a bit announces is published by its own means (`OnceLock`, thread-local), so relaxed order suffices.
static SWITCHES: AtomicU8 = AtomicU8::new(0);

#[inline]
pub(crate) fn is_set(switch: u8) -> bool {
    SWITCHES.load(Ordering::Relaxed) & switch != 0
}

pub(crate) fn set(switch: u8) {
    SWITCHES.fetch_or(switch, Ordering::Relaxed);
}

pub(crate) fn clear(switch: u8) {
    SWITCHES.fetch_and(!switch, Ordering::Relaxed);
}
