use std::io;

use retry_core::retry;

#[retry(retry_after_max = "0s")]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
