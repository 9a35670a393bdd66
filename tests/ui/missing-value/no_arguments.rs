use std::io;

use retry_core::retry;

#[retry(clone())]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
