use std::io;
use std::time::Duration;

use retry_core::{Backoff, retry};

const SLOW: Backoff = Backoff::fixed(Duration::from_secs(30));

#[retry(attempts = 3, deadline = "1m", backoff = SLOW)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
