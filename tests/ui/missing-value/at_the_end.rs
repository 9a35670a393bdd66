use std::io;

use retry_core::retry;

#[retry(deadline =)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
