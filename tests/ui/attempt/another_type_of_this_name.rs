use std::io;

use retry_core::retry;

struct Attempt(u32);

#[retry]
fn fetch(#[attempt] attempt: Attempt) -> io::Result<u32> {
    Ok(attempt.0)
}

fn main() {}
