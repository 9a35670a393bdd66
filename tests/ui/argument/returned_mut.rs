use std::io;

use retry_core::retry;

#[retry]
async fn buffer(buffer: &mut Vec<u8>) -> io::Result<&mut [u8]> {
    Ok(buffer)
}

fn main() {}
