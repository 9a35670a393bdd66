use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(retry_if = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut, on_stop = io::Error::from, rate_limit(attempts = 2))]
impl Client {
    #[retry(attempts = 1)]
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
