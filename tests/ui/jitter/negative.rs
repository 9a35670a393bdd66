use std::io;

use retry_core::retry;

#[retry(jitter = -0.1)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
