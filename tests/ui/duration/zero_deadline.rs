use std::io;

use retry_core::retry;

#[retry(deadline = "0s")]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
