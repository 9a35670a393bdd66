use std::io;

use retry_core::retry;

#[retry(retry_until = |_| true)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
