use std::io;

use retry_core::retry;

#[retry(
    classify = |error| match error.kind() {
        io::ErrorKind::ResourceBusy => retry_core::ErrorClass::RateLimit,
        _ => retry_core::ErrorClass::Permanent,
    },
    transient(attempts = 2)
)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
