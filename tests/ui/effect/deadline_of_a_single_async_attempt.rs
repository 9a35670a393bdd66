use std::io;

use retry_core::retry;

#[retry(attempts = 1, deadline = "5s")]
async fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
