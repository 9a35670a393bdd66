use std::io;

use retry_core::retry;

#[retry(retry_if = |error| error.kind())]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
