use std::io;

use retry_core::retry;

#[retry(attempts = 2)]
#[retry(attempts = 3)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
