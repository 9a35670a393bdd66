use std::io;

use retry_core::retry;

#[retry(on_stop = |stopped| stopped, retry_until = |_| true)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
