use std::io;

use retry_core::retry;

#[retry(backoff = fixed("1s", cap = "2s"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
