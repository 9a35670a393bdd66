use std::io;
use std::time::Duration;

use retry_core::retry;

const MAX: Duration = Duration::from_secs(1);

#[retry(backoff = exponential("2s", max = MAX))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
