use std::io;

use retry_core::retry;

#[retry(returns = outcome)]
fn fetch() -> io::Result<impl Iterator<Item = u32>> {
    Ok(0..1)
}

fn main() {}
