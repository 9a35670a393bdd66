use std::io;

use retry_core::retry;

#[retry(attempts = 5, classify = |_| retry_core::ErrorClass::Permanent)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
