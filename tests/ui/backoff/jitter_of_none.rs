use std::io;

use retry_core::retry;

#[retry(backoff = none, jitter = full)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
