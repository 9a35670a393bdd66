use std::io;

use retry_core::retry;

struct Client;

impl Client {
    #[retry(attempts = 0)]
    fn fetch(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {
    let _: io::Result<()> = Client.fetch();
}
