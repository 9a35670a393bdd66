use std::io;

use retry_core::retry;

static SHUTDOWN: bool = false;

#[retry(abort = SHUTDOWN)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
