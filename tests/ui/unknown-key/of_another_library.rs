use std::io;

use retry_core::retry;

#[retry(max_attempts = 5)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
