use std::io;

use retry_core::retry;

#[retry(
    on_retry = |event| eprintln!("{event}"),
    on_giving_up = |event| eprintln!("{event}"),
    on_retry = |event| println!("{event}")
)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
