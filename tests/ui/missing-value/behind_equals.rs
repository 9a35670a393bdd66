use std::io;

use retry_core::retry;

#[retry(attempts = , deadline = "30s")]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
