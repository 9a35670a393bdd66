use std::io;

use retry_core::retry;

#[async_trait::async_trait]
trait Store {
    async fn load(&self) -> io::Result<u32>;
}

#[async_trait::async_trait]
impl Store for () {
    #[retry(returns = outcome)]
    async fn load(&self) -> io::Result<u32> {
        Ok(1)
    }
}

fn main() {}
