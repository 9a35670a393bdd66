use std::io;

use retry_core::retry;

fn cached(error: io::Error) -> io::Result<u32> {
    Err(error)
}

#[retry(fallback = cached)]
async fn fetch() -> io::Result<u32> {
    Ok(1)
}

fn main() {}
