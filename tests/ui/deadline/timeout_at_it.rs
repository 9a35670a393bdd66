use std::io;

use retry_core::retry;

#[retry(deadline = "5s", attempt_timeout = "5s")]
async fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
