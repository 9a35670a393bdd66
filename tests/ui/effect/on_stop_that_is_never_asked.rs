use std::io;

use retry_core::retry;

#[retry(attempts = 5, on_stop = io::Error::from)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
