use std::io;

use retry_core::retry;

#[retry(retry_after = "1m")]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
