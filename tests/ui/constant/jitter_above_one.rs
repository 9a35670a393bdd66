use std::io;

use retry_core::{Jitter, retry};

#[retry(backoff = fixed("2s"), jitter = Jitter::Spread(2.0))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
