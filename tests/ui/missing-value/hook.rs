use std::io;

use retry_core::retry;

#[retry(on_retry)]
fn fetch() -> io::Result<()> {
    Ok(())
}

#[retry(on_giving_up = )]
fn fetch_again() -> io::Result<()> {
    Ok(())
}

fn main() {}
