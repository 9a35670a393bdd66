use std::io;

use retry_core::retry;

#[retry(crate = retry_core)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
