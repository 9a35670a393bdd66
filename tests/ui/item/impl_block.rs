use std::io;

use retry_core::retry;

struct Client;

#[retry]
impl Client {
    fn fetch(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
