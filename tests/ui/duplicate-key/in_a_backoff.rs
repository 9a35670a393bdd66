use std::io;

use retry_core::retry;

#[retry(backoff = exponential("100ms", max = "1s", max = "2s"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
