use std::io;

use retry_core::retry;

#[retry(attempts = 4, rate_limit(attempts = 5))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
