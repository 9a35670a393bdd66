use std::io;

use retry_core::retry;

#[retry(attempts)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
