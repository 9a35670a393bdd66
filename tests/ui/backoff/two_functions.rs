use std::io;

use retry_core::retry;

#[retry(backoff = custom(first, second))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
