use retry_core::{Classify, retry};

#[derive(Debug, Classify)]
enum Failure {
    Lost,
}

#[retry]
fn fetch() -> Result<(), Failure> {
    Err(Failure::Lost)
}

fn main() {}
