use std::io;

use retry_core::{Bulkhead, retry};

static DATABASE: Bulkhead = Bulkhead::new("database", 10);

#[retry(breaker = DATABASE)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
