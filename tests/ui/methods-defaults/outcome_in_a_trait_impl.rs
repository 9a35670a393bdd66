use std::io;

use retry_core::retry_methods;

struct Client;

trait Read {
    fn read(&self) -> io::Result<()>;
    fn write(&self) -> io::Result<()>;
}

#[retry_methods(returns = outcome)]
impl Read for Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
