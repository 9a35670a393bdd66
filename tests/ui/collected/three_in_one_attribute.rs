use std::io;

use retry_core::retry;

#[retry(atempts = 5, deadline = 30, backoff = exponential("1s", max = "500ms"), jitter = 2)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
