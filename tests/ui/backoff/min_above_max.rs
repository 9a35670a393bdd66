use std::io;

use retry_core::retry;

#[retry(backoff = exponential("1s", max = "10s", min = "11s"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
