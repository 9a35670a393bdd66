use std::io;

use retry_core::retry;

#[retry(classify_value = |_| Some(retry_core::ErrorClass::Transient.into()))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
