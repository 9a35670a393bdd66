use std::io;

use retry_core::{Attempt, retry};

#[retry(attempts = 0)]
fn fetch(id: u32, #[attempt] attempt: Attempt) -> io::Result<u32> {
    Ok(id + attempt.number())
}

fn main() {
    let _ = fetch(1);
}
