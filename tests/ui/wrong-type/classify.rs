use std::io;

use retry_core::retry;

#[retry(classify = |error: &std::fmt::Error| retry_core::ErrorClass::Transient)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
