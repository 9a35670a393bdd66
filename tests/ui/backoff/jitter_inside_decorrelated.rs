use std::io;

use retry_core::retry;

#[retry(backoff = decorrelated("1s", jitter = full))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
