use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(attempts = 0, backoff = fixed("1s", jitter = 3), deadline = "0s")]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry(backoff = none)]
    fn other(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
