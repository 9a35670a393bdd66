use retry_core::retry;

#[derive(Debug)]
struct Failure;

#[retry]
fn fetch() -> Result<(), Failure> {
    Err(Failure)
}

fn main() {}
