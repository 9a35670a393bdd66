use std::io;

use retry_core::retry;

#[retry(clone(boddy))]
fn send(body: Vec<u8>) -> io::Result<usize> {
    Ok(body.len())
}

fn main() {}
