use std::io;

use retry_core::retry;

#[retry(backoff = expnential("100ms"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
