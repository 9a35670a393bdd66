use std::io;

use retry_core::retry;

struct Client(Vec<u8>);

impl Client {
    #[retry]
    fn buffer(&mut self) -> io::Result<&mut Vec<u8>> {
        Ok(&mut self.0)
    }
}

fn main() {}
