use std::io;

use retry_core::retry;

#[retry(attempts = 1, backoff = fixed("1s"), rate_limit(attempts = 1))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
