use std::io;
use std::time::Duration;

use retry_core::retry;

const NOW: Duration = Duration::ZERO;

#[retry(deadline = NOW)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
