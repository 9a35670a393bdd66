use std::io;

use retry_core::retry;

static LIMIT: u32 = 10;

#[retry(bulkhead = LIMIT)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
