use std::io;

use retry_core::retry;

#[retry(attempts = 6, deadline = "20s", backoff = exponential("2s", max = "30s", jitter = equal))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
