use std::io;

use retry_core::retry;

#[retry(policy = 5)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
