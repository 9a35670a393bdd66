use std::io;

use retry_core::retry;

#[retry(breaker = PAYMENTS)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
