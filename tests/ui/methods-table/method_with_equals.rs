use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(methods(read = 5, write = never))]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
