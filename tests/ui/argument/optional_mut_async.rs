use std::io;

use retry_core::retry;

#[retry]
async fn fill(buffer: Option<&mut Vec<u8>>) -> io::Result<()> {
    if let Some(buffer) = buffer {
        buffer.push(1);
    }
    Ok(())
}

fn main() {}
