use std::io;

use retry_core::{Budget, retry};

struct Client {
    budget: Budget,
}

impl Client {
    #[retry(bulkhead = self.budget)]
    async fn fetch(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
