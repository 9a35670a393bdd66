use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(attempts = 0)]
impl Client {
    #[retry(attempts = 2)]
    fn read(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
