use std::io;

use retry_core::retry;

#[retry(operation = 5)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
