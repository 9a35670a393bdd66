use std::io;

use retry_core::retry;

#[retry(on_retry = |error, delay| eprintln!("{error}, again in {delay:?}"))]
async fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
