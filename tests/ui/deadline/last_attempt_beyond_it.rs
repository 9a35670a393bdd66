use std::io;

use retry_core::retry;

#[retry(attempts = 5, deadline = "10s", backoff = fixed("4s"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
