use std::io;

use retry_core::retry;

#[retry]
fn send(body: Vec<u8>) -> io::Result<()> {
    drop(body);
    Ok(())
}

fn main() {}
