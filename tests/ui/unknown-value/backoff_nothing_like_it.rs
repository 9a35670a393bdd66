use std::io;

use retry_core::retry;

#[retry(backoff = sometimes)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
