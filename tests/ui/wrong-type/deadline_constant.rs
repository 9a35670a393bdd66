use std::io;

use retry_core::retry;

const SECONDS: u64 = 5;

#[retry(deadline = SECONDS)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
