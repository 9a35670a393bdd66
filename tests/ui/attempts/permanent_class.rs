use std::io;

use retry_core::retry;

#[retry(permanent = never)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
