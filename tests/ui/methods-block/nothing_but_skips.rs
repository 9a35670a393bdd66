use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(methods(read(skip)))]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    fn len(&self) -> usize {
        0
    }
}

fn main() {}
