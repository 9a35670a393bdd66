use std::io;

use retry_core::retry;

#[retry(on_giving_up = |event| event.attempt)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
