use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods]
impl Client {
    #[retry(attempts = 2)]
    const LIMIT: u32 = 5;

    fn read(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
