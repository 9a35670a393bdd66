use std::io;

use retry_core::retry;

#[retry(allow(dead_code))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
