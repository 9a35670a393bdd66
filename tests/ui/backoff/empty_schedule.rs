use std::io;

use retry_core::retry;

#[retry(backoff = schedule())]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
