use std::io;

use retry_core::retry;

#[retry(backoff = schedule("1s", "5s", min = "500ms"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
