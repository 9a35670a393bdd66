use std::io;

use retry_core::retry;

#[retry(backoff = custom())]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
