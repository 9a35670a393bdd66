//! What the shared parts are made of, so that they can be model-checked: the standard library's, or loom's under `--cfg retry_loom`.

#[cfg(retry_loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU64},
};
#[cfg(not(retry_loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU64},
};
