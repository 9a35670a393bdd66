use std::io;

use retry_core::retry;

#[retry(backoff = schedule("1s", "5s", max = "2s"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
