use std::io;

use retry_core::retry;

#[retry(clone("body"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
