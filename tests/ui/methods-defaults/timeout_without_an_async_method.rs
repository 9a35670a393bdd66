use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(attempt_timeout = "1s")]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry(skip)]
    async fn wait(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
