use std::io;

use retry_core::retry;

const NONE: u32 = 0;

#[retry(attempts = NONE)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
