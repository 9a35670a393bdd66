use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(attempts = Self::ATTEMPTS)]
impl Client {
    const ATTEMPTS: u32 = 0;

    fn read(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
