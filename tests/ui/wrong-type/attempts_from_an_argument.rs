use std::io;

use retry_core::retry;

#[retry(attempts = limit)]
fn fetch(limit: u32) -> io::Result<()> {
    println!("{limit}");
    Ok(())
}

fn main() {}
