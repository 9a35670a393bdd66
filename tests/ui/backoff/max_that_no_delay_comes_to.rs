use std::io;

use retry_core::retry;

#[retry(backoff = fixed("1s", max = "10s"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
