use std::io;

use retry_core::retry;

#[retry(jitter = random)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
