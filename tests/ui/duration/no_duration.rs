use std::io;

use retry_core::retry;

#[retry(deadline = "soon")]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
