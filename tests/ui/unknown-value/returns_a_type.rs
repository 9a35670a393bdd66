use std::io;

use retry_core::retry;

#[retry(returns = Outcome<u32, io::Error>)]
fn fetch() -> io::Result<u32> {
    Ok(1)
}

fn main() {}
