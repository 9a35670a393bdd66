use std::io;

use retry_core::retry;

#[retry(jitter = "full")]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
