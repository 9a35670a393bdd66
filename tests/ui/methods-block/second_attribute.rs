use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(attempts = 5)]
#[retry_methods(attempts = 2)]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
