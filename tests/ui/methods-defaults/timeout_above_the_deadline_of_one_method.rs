use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(attempt_timeout = "5s", on_stop = io::Error::from, methods(write(deadline = "1s")))]
impl Client {
    async fn read(&self) -> io::Result<()> {
        Ok(())
    }

    async fn write(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
