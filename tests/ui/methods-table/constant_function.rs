use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(methods(open))]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    const fn open() -> io::Result<Self> {
        Ok(Self)
    }
}

fn main() {}
