use std::io;

use retry_core::retry;

struct Client;

impl Client {
    #[retry(methods(read))]
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry(default = skip)]
    fn write(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
