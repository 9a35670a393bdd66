use std::io;

use retry_core::retry;

static OBSERVER: u32 = 5;

#[retry(observe = OBSERVER)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
