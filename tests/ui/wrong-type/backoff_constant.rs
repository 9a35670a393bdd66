use std::io;

use retry_core::retry;

const DELAY: std::time::Duration = std::time::Duration::from_secs(1);

#[retry(backoff = DELAY)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
