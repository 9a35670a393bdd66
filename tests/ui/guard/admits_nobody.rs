use std::io;

use retry_core::{Bulkhead, retry};

static DATABASE: Bulkhead = Bulkhead::new("database", 0);

#[retry(bulkhead = DATABASE)]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
