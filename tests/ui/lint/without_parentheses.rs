use std::io;

use retry_core::retry;

#[retry(allow = conflicting_policies)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
