use std::io;

use retry_core::retry;

#[retry(backoff = "1s")]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
