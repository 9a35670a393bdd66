use std::io;

use retry_core::{Backoff, retry};

const AT_ONCE: Backoff = Backoff::none();

#[retry(backoff = AT_ONCE, jitter = full)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
