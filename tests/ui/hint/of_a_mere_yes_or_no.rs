use std::io;

use retry_core::retry;

#[retry(retry_if = is_busy, retry_after = honor, retry_after_max = "1m")]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn is_busy(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ResourceBusy
}

fn main() {}
