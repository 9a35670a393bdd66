use std::io;

use retry_core::retry;

#[retry(carry(page))]
fn send() -> io::Result<()> {
    Ok(())
}

fn main() {}
