use std::io;

use retry_core::retry;

#[retry(returns = outcome, on_stop = io::Error::from, retry_until = |n| *n > 1)]
fn fetch() -> io::Result<u32> {
    Ok(1)
}

fn main() {}
