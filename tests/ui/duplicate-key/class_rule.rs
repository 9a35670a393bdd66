use std::io;

use retry_core::retry;

#[retry(rate_limit = never, rate_limit(attempts = 2))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
