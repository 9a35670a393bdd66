use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods(methods(later))]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    fn later(&self) -> impl Future<Output = io::Result<()>> {
        std::future::ready(Ok(()))
    }
}

fn main() {}
