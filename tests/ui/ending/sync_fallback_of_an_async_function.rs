use std::io;

use retry_core::retry;

#[retry(fallback = |_| Ok(0))]
async fn fetch() -> io::Result<u32> {
    Ok(1)
}

fn main() {}
