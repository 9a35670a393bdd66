use std::io;

use retry_core::retry;

#[retry(retries = 3)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
