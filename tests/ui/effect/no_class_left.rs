use std::io;

use retry_core::retry;

#[retry(attempts = 5, retry_if = is_busy, transient = never)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn is_busy(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ResourceBusy
}

fn main() {}
