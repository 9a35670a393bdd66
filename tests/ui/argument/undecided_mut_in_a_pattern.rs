use std::io;

use retry_core::retry;

#[retry]
async fn next((mut page, _): (u32, u32)) -> io::Result<u32> {
    page += 1;
    Ok(page)
}

fn main() {}
