use std::io;

use retry_core::retry;

#[retry(on_retry = |event| async move { eprintln!("{event}") }, on_giving_up = async |event| eprintln!("{event}"))]
async fn fetch() -> io::Result<()> {
    Ok(())
}

fn main() {}
