use std::io;

use retry_core::retry;

#[retry(attempts = 2)]
#[cfg_attr(all(), retry(attempts = 3))]
fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
