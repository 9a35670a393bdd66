use std::io;

use retry_core::retry;

#[retry(clone(page, page))]
fn next(page: u32) -> io::Result<u32> {
    Ok(page)
}

fn main() {}
