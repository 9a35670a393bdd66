use std::io;

use retry_core::retry;

#[retry(timeline = 8)]
fn fetch() -> io::Result<u32> {
    Ok(1)
}

fn main() {}
