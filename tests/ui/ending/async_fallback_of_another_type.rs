use std::io;

use retry_core::retry;

#[retry(fallback = async |_| Ok("none"))]
async fn fetch() -> io::Result<u32> {
    Ok(1)
}

fn main() {}
