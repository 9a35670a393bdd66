use std::io;

use retry_core::retry;

struct Client(Vec<u8>);

impl Client {
    #[retry]
    fn buffer(&mut self) -> io::Result<&[u8]> {
        self.0.push(1);
        Ok(&self.0)
    }
}

fn main() {}
