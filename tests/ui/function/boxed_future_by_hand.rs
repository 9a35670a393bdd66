use std::io;

use retry_core::retry;

#[retry]
fn fetch() -> std::pin::Pin<Box<dyn Future<Output = io::Result<()>> + Send>> {
    let answer = async { Ok(()) };
    Box::pin(answer)
}

fn main() {}
