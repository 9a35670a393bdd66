use retry_core::retry;

#[tokio::test]
#[retry]
async fn fetch() -> std::io::Result<()> {
    Ok(())
}

fn main() {}
