use std::io;

use retry_core::retry;

#[retry(retry_until = is_done, classify_value = failure)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn is_done(_: &()) -> bool {
    true
}

fn failure(_: &()) -> Option<retry_core::Classification> {
    None
}

fn main() {}
