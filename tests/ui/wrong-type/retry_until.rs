use std::io;

use retry_core::retry;

#[retry(retry_until = |value: &u32| true, on_stop = io::Error::from)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
