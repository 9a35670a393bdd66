use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(rate_limit(attempts = 5))]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry(attempts = 9)]
    fn other(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
