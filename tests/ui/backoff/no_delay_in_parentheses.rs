use std::io;

use retry_core::retry;

#[retry(backoff = fixed(jitter = full))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
