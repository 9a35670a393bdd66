use std::io;

use retry_core::retry;

#[retry(fallback = |_| async { Ok(0) })]
fn fetch() -> io::Result<u32> {
    Ok(1)
}

fn main() {}
