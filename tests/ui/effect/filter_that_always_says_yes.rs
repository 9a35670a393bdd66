use std::io;

use retry_core::retry;

#[retry(classify = class, retry_if = |_| true)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn class(_: &io::Error) -> retry_core::ErrorClass {
    retry_core::ErrorClass::Transient
}

fn main() {}
