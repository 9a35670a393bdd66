use std::io;

use retry_core::retry;

#[retry(jitter = ful)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
