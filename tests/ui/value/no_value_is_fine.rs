use std::io;

use retry_core::retry;

#[retry(retry_until = |_| false)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
