use std::io;

use retry_core::retry;

const CAP: u32 = 9;

#[retry(attempts = 5, rate_limit(attempts = CAP))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
