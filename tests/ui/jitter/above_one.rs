use std::io;

use retry_core::retry;

#[retry(jitter = 1.5)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
