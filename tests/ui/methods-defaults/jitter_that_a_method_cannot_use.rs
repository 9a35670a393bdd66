use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(backoff = none)]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry(jitter = full)]
    fn write(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
