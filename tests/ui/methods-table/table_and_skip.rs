use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(methods(read))]
impl Client {
    #[retry(skip)]
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
