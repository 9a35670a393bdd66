use std::io;

use retry_core::retry;

#[retry(fallback = |_| Ok(idd))]
fn fetch(id: u32) -> io::Result<u32> {
    Ok(id)
}

fn main() {}
