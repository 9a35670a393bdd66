use std::io;

use retry_core::retry;

#[retry(retry_if = |error|)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
