use std::io;

use retry_core::retry;

#[retry(clone(page), carry(page))]
fn next(mut page: u32) -> io::Result<u32> {
    page += 1;
    Ok(page)
}

fn main() {}
