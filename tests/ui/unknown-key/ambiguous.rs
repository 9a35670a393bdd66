use std::io;

use retry_core::retry;

#[retry(timeout = "2s")]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
