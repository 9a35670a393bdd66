use std::io;

use retry_core::retry;

#[retry(backoff = linear("1s", factor = 2.0))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
