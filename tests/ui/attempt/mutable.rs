use std::io;

use retry_core::{Attempt, retry};

#[retry]
fn fetch(#[attempt] mut attempt: Attempt) -> io::Result<u32> {
    Ok(attempt.number())
}

fn main() {}
