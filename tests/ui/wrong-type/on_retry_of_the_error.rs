use std::io;

use retry_core::retry;

#[retry(on_retry = |error: &io::Error| eprintln!("{error}"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
