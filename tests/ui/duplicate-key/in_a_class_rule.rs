use std::io;

use retry_core::retry;

#[retry(rate_limit(attempts = 2, attempts = 3))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
