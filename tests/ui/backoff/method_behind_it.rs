use std::io;

use retry_core::retry;

#[retry(backoff = fixed("1s").jitter(equal))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
