use std::io;

use retry_core::retry;

#[retry(attempts = 5, deadline = "30s", attempts = 3)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
