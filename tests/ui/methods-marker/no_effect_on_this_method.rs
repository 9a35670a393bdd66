use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(attempts = 5, backoff = fixed("1s"))]
impl Client {
    #[retry(attempts = 1, backoff = fixed("2s"), jitter = full)]
    fn read(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
