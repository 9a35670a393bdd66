use std::io;

use retry_core::{Attempt, retry};

#[retry(fallback = |_| Ok(attempt.number()))]
fn fetch(#[attempt] attempt: Attempt) -> io::Result<u32> {
    Ok(attempt.number())
}

fn main() {}
