use std::io;

use retry_core::retry;

#[retry(rate_limit(attempt = 2))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
