use std::io;

use retry_core::retry;

#[retry(policy = retry_core::Policy::AGGRESSIVE, on_stop = io::Error::from)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
