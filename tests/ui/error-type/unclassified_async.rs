use retry_core::retry;

#[derive(Debug)]
struct Failure;

#[retry]
async fn fetch() -> Result<(), Failure> {
    Err(Failure)
}

fn main() {}
