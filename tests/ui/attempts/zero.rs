use std::io;

use retry_core::retry;

#[retry(attempts = 0)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
