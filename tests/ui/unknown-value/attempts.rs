use std::io;

use retry_core::retry;

#[retry(attempts = unlimted)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
