use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods]
impl Client {
    #[retry(skp)]
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
