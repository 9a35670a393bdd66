use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(methods(read(skip, attempts = 5)))]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
