use std::io;

use retry_core::retry;

struct Client;

impl Client {
    #[retry(skip)]
    fn read(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
