use std::io;

use retry_core::retry;

#[retry(classify_value = |_| None)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
