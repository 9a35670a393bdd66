use std::io;

use retry_core::retry;

#[retry(deadline = "30")]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
