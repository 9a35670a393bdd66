use std::io;

use retry_core::retry;

#[retry(retry_after = ignore, retry_after_max = "1m")]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
