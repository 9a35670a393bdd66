use std::io;

use retry_core::retry;

#[retry(retry::attempts = 5)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
