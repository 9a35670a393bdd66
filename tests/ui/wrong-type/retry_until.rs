use std::io;

use retry_core::retry;

#[retry(retry_until = |value: &u32| *value > 1, on_stop = io::Error::from)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
