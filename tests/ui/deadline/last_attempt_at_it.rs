use std::io;

use retry_core::retry;

#[retry(attempts = 3, deadline = "10s", backoff = fixed("5s"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
