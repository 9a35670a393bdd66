use std::io;

use retry_core::retry;

#[retry(backoff = exponential("100ms", maximum = "10s"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
