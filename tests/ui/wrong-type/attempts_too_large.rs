use std::io;

use retry_core::retry;

#[retry(attempts = 5_000_000_000)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
