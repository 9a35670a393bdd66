use std::io;

use retry_core::retry;

#[retry(retry_if = is_busy, rate_limit(attempts = 2))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn is_busy(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ResourceBusy
}

fn main() {}
