use std::io;

use retry_core::retry;

#[async_trait::async_trait]
trait Pages {
    #[retry]
    async fn next(&self, mut page: u32) -> io::Result<u32> {
        page += 1;
        Ok(page)
    }
}

fn main() {}
