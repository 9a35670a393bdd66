use std::io;

use retry_core::retry;

#[retry(attempt_timeout = "5s")]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
