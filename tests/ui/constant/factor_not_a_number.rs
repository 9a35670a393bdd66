use std::io;

use retry_core::retry;

#[retry(backoff = exponential("2s", factor = f64::NAN))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
