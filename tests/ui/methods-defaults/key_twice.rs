use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(attempts = 4, deadline = "5s", attempts = 5)]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
