use std::io;

use retry_core::retry;

#[retry(backoff = fixed("1s", "5s"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
