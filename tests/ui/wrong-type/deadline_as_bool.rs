use std::io;

use retry_core::retry;

#[retry(deadline = true)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
