//! What only holds where every end is a `return`, and nothing asks a question.
#![deny(
    clippy::implicit_return,
    clippy::question_mark_used,
    clippy::absolute_paths
)]
#![expect(
    clippy::needless_return,
    reason = "one lint asks for what another refuses"
)]

use std::fs;
use std::io;

use retry_core::{Attempt, retry, retry_methods};

use crate::errors::Lost;

/// Reads.
///
/// # Errors
///
/// When it cannot be read.
#[retry(attempts = 4, clone(path), fallback = async |error| return Err(error))]
pub async fn read(path: String, #[attempt] attempt: Attempt) -> io::Result<String> {
    if attempt.is_last() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    return fs::read_to_string(path);
}

/// Says how it went.
#[retry(attempts = 4, returns = outcome, timeline = 4)]
pub fn explained(path: &str) -> io::Result<String> {
    return fs::read_to_string(path);
}

/// A file.
#[derive(Debug)]
#[non_exhaustive]
pub struct File;

#[retry_methods(attempts = 2)]
impl File {
    /// Reads.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read(&self, path: &str) -> Result<String, Lost> {
        return fs::read_to_string(path).map_err(|error| return lost(&error));
    }
}

/// Forgets the reason.
const fn lost(_: &io::Error) -> Lost {
    return Lost;
}
