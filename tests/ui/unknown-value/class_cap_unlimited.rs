use std::io;

use retry_core::retry;

#[retry(rate_limit(attempts = unlimited))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
