use std::io;

use retry_core::retry;

#[retry(attempts = infinite)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
