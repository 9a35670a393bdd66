use std::io;

use retry_core::retry;

#[retry(carry(page))]
fn fetch(page: u32) -> io::Result<u32> {
    Ok(page)
}

fn main() {}
