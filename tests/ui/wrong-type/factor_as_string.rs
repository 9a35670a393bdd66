use std::io;

use retry_core::retry;

#[retry(backoff = exponential("100ms", factor = "2"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
