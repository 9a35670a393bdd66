use std::io;

use retry_core::retry;

#[retry(on_retry = || eprintln!("again"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
