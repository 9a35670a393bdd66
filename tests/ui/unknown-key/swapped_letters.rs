use std::io;

use retry_core::retry;

#[retry(deadlnie = "30s", attempts = 5)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
