use retry_core::retry;

#[async_trait::async_trait]
trait Fetch {
    #[retry]
    async fn fetch(&self) {}
}

fn main() {}
