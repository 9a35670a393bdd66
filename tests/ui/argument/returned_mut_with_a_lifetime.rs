use std::io;

use retry_core::retry;

#[retry]
fn buffer<'a>(name: &str, buffer: &'a mut Vec<u8>) -> io::Result<&'a mut [u8]> {
    buffer.extend(name.bytes());
    Ok(buffer)
}

fn main() {}
