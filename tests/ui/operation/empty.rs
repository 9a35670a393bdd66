use std::io;

use retry_core::retry;

#[retry(operation = "")]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
