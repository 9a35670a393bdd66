use std::io;

use retry_core::retry;

#[retry(backoff = none())]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
