use std::io;

use retry_core::retry;

#[retry(retry_after = ignor)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
