use std::io;

use retry_core::retry;

#[tokio::main]
#[retry]
async fn main() -> io::Result<()> {
    Ok(())
}
