use std::io;

use retry_core::retry;

#[retry(backoff = exponential("100ms", max))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
