use std::io;

use retry_core::retry;

#[retry(classify = |_| retry_core::ErrorClass::Permanent, retry_if = |error| error.kind() == io::ErrorKind::TimedOut)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
