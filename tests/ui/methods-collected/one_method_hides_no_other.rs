use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(jitter = 2, methods(delete(attempts = 0), serach))]
impl Client {
    #[retry(attempts = "5")]
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry(deadline = 5)]
    fn write(&self) -> io::Result<()> {
        Ok(())
    }

    fn delete(&self) -> io::Result<()> {
        Ok(())
    }

    fn search(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
