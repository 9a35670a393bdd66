use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(method(read(attempts = 4)))]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
