use std::io;

use retry_core::retry;

#[retry(rate_limit(attempts = 5))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
