use std::io;

use retry_core::retry_methods;

struct Client;

#[retry_methods]
impl Client {
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    #[retry]
    fn later(&self) -> impl Future<Output = io::Result<()>> {
        std::future::ready(Ok(()))
    }
}

fn main() {}
