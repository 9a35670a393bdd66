use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(timeline = 8)]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
