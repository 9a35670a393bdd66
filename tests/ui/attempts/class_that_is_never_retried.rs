use std::io;

use retry_core::retry;

#[retry(auth(attempts = 2))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
