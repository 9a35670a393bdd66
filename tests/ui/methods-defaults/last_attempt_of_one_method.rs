use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(backoff = fixed("1s"), deadline = "3s")]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry(attempts = 5)]
    fn write(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry(backoff = fixed("2s"))]
    fn other(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
