use std::io;

use retry_core::retry;

#[retry(backoff = exponential("1s", max = "500ms"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
