use std::io;

use retry_core::retry;

#[retry(backoff = exponential)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
