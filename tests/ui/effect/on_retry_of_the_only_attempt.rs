use std::io;

use retry_core::retry;

#[retry(attempts = 1, on_retry = |event| eprintln!("{event}"), on_giving_up = |event| eprintln!("{event}"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
