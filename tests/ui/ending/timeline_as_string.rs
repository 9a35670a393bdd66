use std::io;

use retry_core::retry;

#[retry(returns = outcome, timeline = "8")]
fn fetch() -> io::Result<u32> {
    Ok(1)
}

fn main() {}
