use std::io;

use retry_core::retry;

#[retry(on_stop = |stopped| stopped, retry_until = is_done)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn is_done(_: &()) -> bool {
    true
}

fn main() {}
