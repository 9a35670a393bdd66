use std::io;

use retry_core::{Attempt, retry};

#[retry]
fn fetch(id: u32, #[attempt] attempt: Attempt) -> io::Result<u32> {
    Ok(id + attempt.number())
}

fn again(attempt: Attempt) -> io::Result<u32> {
    fetch(1, attempt)
}

fn main() {}
