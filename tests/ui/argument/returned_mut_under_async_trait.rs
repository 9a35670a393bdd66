use std::io;

use retry_core::retry;

struct Client(Vec<u8>);

#[async_trait::async_trait]
trait Store {
    async fn buffer(&mut self) -> io::Result<&mut Vec<u8>>;
}

#[async_trait::async_trait]
impl Store for Client {
    #[retry]
    async fn buffer(&mut self) -> io::Result<&mut Vec<u8>> {
        Ok(&mut self.0)
    }
}

fn main() {}
