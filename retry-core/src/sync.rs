//! The synchronisation that is model-checked: the standard library's, or loom's under `--cfg retry_loom`.

#[cfg(retry_loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard, atomic::AtomicBool};
#[cfg(not(retry_loom))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic::AtomicBool};
