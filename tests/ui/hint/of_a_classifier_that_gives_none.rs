use std::io;

use retry_core::retry;

#[retry(classify = |_| retry_core::ErrorClass::RateLimit, retry_after_max = "1m")]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
