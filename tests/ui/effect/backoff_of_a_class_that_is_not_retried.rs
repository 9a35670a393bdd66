use std::io;

use retry_core::retry;

#[retry(attempts = 5, rate_limit(attempts = 1, backoff = fixed("5s")))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
