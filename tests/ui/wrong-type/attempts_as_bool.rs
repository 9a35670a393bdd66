use std::io;

use retry_core::retry;

#[retry(attempts = true)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
