use std::io;

use retry_core::retry;

#[retry(allow(braker_without_budget))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
