use std::io;

use retry_core::{Attempt, retry};

#[retry(clone(attempt))]
fn fetch(#[attempt] attempt: Attempt) -> io::Result<u32> {
    Ok(attempt.number())
}

fn main() {}
