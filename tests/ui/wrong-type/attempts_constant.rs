use std::io;

use retry_core::retry;

const LIMIT: usize = 5;

#[retry(attempts = LIMIT)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
