use std::io;

use retry_core::retry;

fn cached() -> u32 {
    0
}

#[retry(fallback = cached)]
fn fetch() -> io::Result<u32> {
    Ok(1)
}

fn main() {}
