use std::io;

use retry_core::retry;

#[retry]
fn fetch() -> impl Future<Output = io::Result<()>> {
    async { Ok(()) }
}

fn main() {}
