use std::io;

use retry_core::retry;

#[retry]
fn fetch(#[attempt] attempt: u32) -> io::Result<u32> {
    Ok(attempt)
}

fn main() {}
