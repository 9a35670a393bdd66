use std::io;

use retry_core::retry;

#[retry(rate_limit(never))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
