use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry(attempts = 2)]
    fn len(&self) -> usize {
        0
    }
}

fn main() {}
