use std::io;

use retry_core::retry;

#[retry(attempt_timeout = "0ms")]
async fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
