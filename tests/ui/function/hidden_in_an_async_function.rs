use retry_core::retry;

#[retry]
async fn fetch() -> impl Send {
    Ok::<(), std::io::Error>(())
}

fn main() {}
