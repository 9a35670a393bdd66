use std::io;

use retry_core::retry;

#[retry(retry_until = |_| true, classify_value = |_| None)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
