use std::io;

use retry_core::retry;

#[retry(backoff = fixed(0.5))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
