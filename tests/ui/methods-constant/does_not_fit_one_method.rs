use std::io;
use std::time::Duration;

use retry_core::retry_methods;

const STEP: Duration = Duration::from_secs(2);

struct Client;

#[retry_methods(backoff = fixed(STEP), deadline = "5s")]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry(attempts = 4)]
    fn write(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
