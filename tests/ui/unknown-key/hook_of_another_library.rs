use std::io;

use retry_core::retry;

#[retry(on_giveup = |event| eprintln!("{event}"), notify = |event| eprintln!("{event}"))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
