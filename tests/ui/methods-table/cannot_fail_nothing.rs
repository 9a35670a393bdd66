use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(methods(close))]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    fn close(&self) {
        drop(self);
    }
}

fn main() {}
