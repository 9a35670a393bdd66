use std::io;

use retry_core::retry;

#[retry(allow())]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
