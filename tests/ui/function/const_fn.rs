use std::io;

use retry_core::retry;

#[retry]
const fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
