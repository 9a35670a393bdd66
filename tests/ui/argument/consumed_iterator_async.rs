use std::io;

use retry_core::retry;

#[retry]
async fn sum(numbers: impl Iterator<Item = u32>) -> io::Result<u32> {
    Ok(numbers.sum())
}

fn main() {}
