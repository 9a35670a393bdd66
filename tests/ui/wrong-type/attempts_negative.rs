use std::io;

use retry_core::retry;

#[retry(attempts = -1)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
