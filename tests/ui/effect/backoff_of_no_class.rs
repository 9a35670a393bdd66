use std::io;

use retry_core::retry;

#[retry(backoff = fixed("1s"), retry_if = is_busy, transient(backoff = fixed("5s")))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn is_busy(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ResourceBusy
}

fn main() {}
