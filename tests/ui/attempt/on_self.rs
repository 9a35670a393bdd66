use std::io;

use retry_core::retry;

struct Client;

impl Client {
    #[retry]
    fn fetch(#[attempt] &self) -> io::Result<u32> {
        Ok(1)
    }
}

fn main() {}
