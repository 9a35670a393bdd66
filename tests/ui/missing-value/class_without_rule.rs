use std::io;

use retry_core::retry;

#[retry(rate_limit)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
