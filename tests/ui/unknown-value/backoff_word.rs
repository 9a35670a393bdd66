use std::io;

use retry_core::retry;

#[retry(backoff = noen)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
