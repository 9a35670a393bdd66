use std::io;

use retry_core::retry;

#[retry(jitter = true)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
