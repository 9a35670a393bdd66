use std::io;

use retry_core::retry;

#[retry(returns = outcom)]
fn fetch() -> io::Result<u32> {
    Ok(1)
}

fn main() {}
