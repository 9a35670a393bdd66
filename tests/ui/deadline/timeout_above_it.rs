use std::io;

use retry_core::retry;

#[retry(deadline = "5s", attempt_timeout = "6s")]
async fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
